use der::Sequence;
use der::asn1::{Int, OctetString};
use spki::AlgorithmIdentifierOwned;

/// Names a certificate by its issuer and its number (RFC 6960 section 4.1.1).
///
/// ```text
/// CertID ::= SEQUENCE {
///     hashAlgorithm       AlgorithmIdentifier,
///     issuerNameHash      OCTET STRING, -- Hash of issuer's DN
///     issuerKeyHash       OCTET STRING, -- Hash of issuer's public key
///     serialNumber        CertificateSerialNumber }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(in crate::ocsp) struct CertId {
    pub(in crate::ocsp) hash_algorithm: AlgorithmIdentifierOwned,
    pub(in crate::ocsp) issuer_name_hash: OctetString,
    pub(in crate::ocsp) issuer_key_hash: OctetString,
    pub(in crate::ocsp) serial_number: Int,
}
