//! What signs: a software key here, a token or a remote key elsewhere.

use std::sync::Arc;

use const_oid::db::fips204::{ID_ML_DSA_44, ID_ML_DSA_65, ID_ML_DSA_87};
use const_oid::db::rfc5912::{
    ECDSA_WITH_SHA_256, ECDSA_WITH_SHA_384, ECDSA_WITH_SHA_512, SHA_256_WITH_RSA_ENCRYPTION,
};
use const_oid::db::rfc8410::ID_ED_25519;
use der::asn1::Any;
use spki::AlgorithmIdentifierOwned;

/// Something that signs with a private key that it may not be able to give away.
///
/// [`KeyPair`](crate::KeyPair) is one; a PKCS#11 token or a remote signing service can be another.
pub trait Signer: Send + Sync {
    /// How [`sign`](Self::sign) signs.
    fn algorithm(&self) -> SignatureAlgorithm;

    /// The public key as `SubjectPublicKeyInfo` DER.
    fn public_key_der(&self) -> &[u8];

    /// Signs `message`, hashing it as [`algorithm`](Self::algorithm) says; ECDSA answers with the
    /// DER `ECDSA-Sig-Value`.
    ///
    /// # Errors
    ///
    /// [`SignError`] with the signer's own cause.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;

    /// Whether [`sign`](Self::sign) takes no more than some tens of microseconds, and waits for nothing: whoever calls it
    /// from a task of an asynchronous runtime needs no thread for it. `false` by default.
    fn is_quick(&self) -> bool {
        false
    }
}

/// A key that several have.
impl<S: Signer + ?Sized> Signer for Arc<S> {
    fn algorithm(&self) -> SignatureAlgorithm {
        (**self).algorithm()
    }

    fn public_key_der(&self) -> &[u8] {
        (**self).public_key_der()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        (**self).sign(message)
    }

    fn is_quick(&self) -> bool {
        (**self).is_quick()
    }
}

/// The signer underneath refused or failed.
#[derive(Debug, thiserror::Error)]
#[error("the key could not sign")]
pub struct SignError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl SignError {
    /// Wraps the signer's own error.
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

/// A signature algorithm for certificates and CRLs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// ecdsa-with-SHA256 (RFC 5758 section 3.2).
    EcdsaSha256,
    /// ecdsa-with-SHA384 (RFC 5758 section 3.2).
    EcdsaSha384,
    /// ecdsa-with-SHA512 (RFC 5758 section 3.2).
    EcdsaSha512,
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// ML-DSA-44, pure and with an empty context (RFC 9881 section 3).
    MlDsa44,
    /// ML-DSA-65.
    MlDsa65,
    /// ML-DSA-87.
    MlDsa87,
    /// sha256WithRSAEncryption (RFC 4055 section 5).
    RsaSha256,
}

impl SignatureAlgorithm {
    /// The algorithm as it stands in certificates, CRLs and CMS: RSA with NULL, the others without parameters.
    #[must_use]
    pub fn identifier(self) -> AlgorithmIdentifierOwned {
        let (oid, parameters) = match self {
            Self::EcdsaSha256 => (ECDSA_WITH_SHA_256, None),
            Self::EcdsaSha384 => (ECDSA_WITH_SHA_384, None),
            Self::EcdsaSha512 => (ECDSA_WITH_SHA_512, None),
            Self::Ed25519 => (ID_ED_25519, None),
            Self::MlDsa44 => (ID_ML_DSA_44, None),
            Self::MlDsa65 => (ID_ML_DSA_65, None),
            Self::MlDsa87 => (ID_ML_DSA_87, None),
            Self::RsaSha256 => (SHA_256_WITH_RSA_ENCRYPTION, Some(Any::null())),
        };
        AlgorithmIdentifierOwned { oid, parameters }
    }
}
