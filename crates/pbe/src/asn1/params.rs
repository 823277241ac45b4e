//! Parameters of the password-based algorithms (RFC 7292 appendix C, RFC 8018 appendices A and B), and what they
//! stand beside.

use der::Sequence;
use der::asn1::OctetStringRef;
use spki::AlgorithmIdentifierRef;

use super::Count;

/// RFC 5958 section 3. The `pkcs8` crate has the same, but for PBES2 and PKCS#5 algorithms alone.
///
/// ```text
/// EncryptedPrivateKeyInfo ::= SEQUENCE {
///     encryptionAlgorithm AlgorithmIdentifier,
///     encryptedData       OCTET STRING }
/// ```
#[derive(Clone, Debug, Sequence)]
pub struct EncryptedPrivateKeyInfo<'a> {
    /// How it is encrypted.
    pub algorithm: AlgorithmIdentifierRef<'a>,
    /// The encrypted PKCS#8 structure.
    pub encrypted_data: &'a OctetStringRef,
}

/// RFC 7292 appendix C.
///
/// ```text
/// pkcs-12PbeParams ::= SEQUENCE {
///     salt       OCTET STRING,
///     iterations INTEGER }
/// ```
#[derive(Clone, Debug, Sequence)]
pub struct Pkcs12PbeParams<'a> {
    /// Any number of octets.
    pub salt: &'a OctetStringRef,
    /// Rounds of the derivation.
    pub iterations: Count,
}

/// RFC 8018 appendix A.3. The RFC has eight octets of salt, as all writers do.
///
/// ```text
/// PBEParameter ::= SEQUENCE {
///     salt           OCTET STRING (SIZE(8)),
///     iterationCount INTEGER }
/// ```
#[derive(Clone, Debug, Sequence)]
pub(crate) struct PbeParams<'a> {
    pub(crate) salt: &'a OctetStringRef,
    pub(crate) iterations: Count,
}

/// RFC 8018 appendix A.4.
///
/// ```text
/// PBES2-params ::= SEQUENCE {
///     keyDerivationFunc AlgorithmIdentifier,
///     encryptionScheme  AlgorithmIdentifier }
/// ```
#[derive(Clone, Debug, Sequence)]
pub struct Pbes2Params<'a> {
    /// PBKDF2 or scrypt.
    pub key_derivation: AlgorithmIdentifierRef<'a>,
    /// A cipher.
    pub encryption: AlgorithmIdentifierRef<'a>,
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
#[derive(Clone, Debug, Sequence)]
pub struct Pbkdf2Params<'a> {
    /// Any number of octets.
    pub salt: &'a OctetStringRef,
    /// Rounds of the derivation.
    pub iterations: Count,
    /// Octets in the key, where the cipher does not say.
    pub key_length: Option<Count>,
    /// The HMAC; that of SHA-1 where it is absent.
    pub prf: Option<AlgorithmIdentifierRef<'a>>,
}

/// RFC 7914 section 7.1.
///
/// ```text
/// scrypt-params ::= SEQUENCE {
///     salt                     OCTET STRING,
///     costParameter            INTEGER (1..MAX),
///     blockSize                INTEGER (1..MAX),
///     parallelizationParameter INTEGER (1..MAX),
///     keyLength                INTEGER (1..MAX) OPTIONAL }
/// ```
#[derive(Clone, Debug, Sequence)]
pub(crate) struct ScryptParams<'a> {
    pub(crate) salt: &'a OctetStringRef,
    pub(crate) cost: u64,
    pub(crate) block_size: u32,
    pub(crate) parallelization: u32,
    pub(crate) key_length: Option<Count>,
}

/// RFC 8018 appendix B.2.3.
///
/// ```text
/// RC2-CBC-Parameter ::= SEQUENCE {
///     rc2ParameterVersion INTEGER OPTIONAL,
///     iv                  OCTET STRING (SIZE(8)) }
/// ```
#[derive(Clone, Debug, Sequence)]
pub(crate) struct Rc2CbcParams<'a> {
    pub(crate) version: Option<Count>,
    pub(crate) iv: &'a OctetStringRef,
}
