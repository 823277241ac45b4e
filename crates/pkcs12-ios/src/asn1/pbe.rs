//! Parameters of the password-based algorithms (RFC 7292 appendix C, RFC 8018 appendix A).

use der::Sequence;
use der::asn1::OctetStringRef;
use spki::AlgorithmIdentifierRef;

/// RFC 7292 appendix C.
///
/// ```text
/// pkcs-12PbeParams ::= SEQUENCE {
///     salt       OCTET STRING,
///     iterations INTEGER }
/// ```
#[derive(Sequence)]
pub(crate) struct Pkcs12PbeParams<'a> {
    pub(crate) salt: &'a OctetStringRef,
    pub(crate) iterations: i64,
}

/// RFC 8018 appendix A.4.
///
/// ```text
/// PBES2-params ::= SEQUENCE {
///     keyDerivationFunc AlgorithmIdentifier,
///     encryptionScheme  AlgorithmIdentifier }
/// ```
#[derive(Sequence)]
pub(crate) struct Pbes2Params<'a> {
    pub(crate) key_derivation: AlgorithmIdentifierRef<'a>,
    pub(crate) encryption: AlgorithmIdentifierRef<'a>,
}

/// RFC 8018 appendix A.2, with the `specified` salt only: no other source has been defined.
///
/// ```text
/// PBKDF2-params ::= SEQUENCE {
///     salt           CHOICE { specified OCTET STRING, otherSource AlgorithmIdentifier },
///     iterationCount INTEGER (1..MAX),
///     keyLength      INTEGER (1..MAX) OPTIONAL,
///     prf            AlgorithmIdentifier DEFAULT algid-hmacWithSHA1 }
/// ```
#[derive(Sequence)]
pub(crate) struct Pbkdf2Params<'a> {
    pub(crate) salt: &'a OctetStringRef,
    pub(crate) iterations: i64,
    pub(crate) key_length: Option<i64>,
    pub(crate) prf: Option<AlgorithmIdentifierRef<'a>>,
}

/// RFC 8018 appendix A.5, in a PKCS#12 MAC by RFC 9579.
///
/// ```text
/// PBMAC1-params ::= SEQUENCE {
///     keyDerivationFunc AlgorithmIdentifier,
///     messageAuthScheme AlgorithmIdentifier }
/// ```
#[derive(Sequence)]
pub(crate) struct Pbmac1Params<'a> {
    pub(crate) key_derivation: AlgorithmIdentifierRef<'a>,
    pub(crate) authentication: AlgorithmIdentifierRef<'a>,
}
