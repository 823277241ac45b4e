//! ECPrivateKey (RFC 5915 section 3).

use der::Sequence;
use der::asn1::{AnyRef, BitStringRef, OctetStringRef};

/// [RFC 5915 section 3](https://www.rfc-editor.org/rfc/rfc5915#section-3), what is in a PKCS#8 key of ECDSA.
///
/// ```text
/// ECPrivateKey ::= SEQUENCE {
///   version        INTEGER { ecPrivkeyVer1(1) } (ecPrivkeyVer1),
///   privateKey     OCTET STRING,
///   parameters [0] ECParameters {{ NamedCurve }} OPTIONAL,
///   publicKey  [1] BIT STRING OPTIONAL }
/// ```
#[derive(Sequence)]
pub(crate) struct EcPrivateKey<'a> {
    pub(crate) version: u8,
    pub(crate) private_key: &'a OctetStringRef,
    #[asn1(context_specific = "0", optional = "true")]
    pub(crate) parameters: Option<AnyRef<'a>>,
    #[asn1(context_specific = "1", optional = "true")]
    pub(crate) public_key: Option<BitStringRef<'a>>,
}
