//! A key that signs elsewhere, as rustls takes it.

use std::fmt;
use std::sync::Arc;

use pki_core::{SignatureAlgorithm, Signer};
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use rustls::sign::SigningKey;
use rustls::{Error, OtherError, SignatureScheme};

use crate::{Identity, IdentityError};

impl Identity {
    /// Takes a chain, with the own certificate first, and whatever signs for it: the key of a PKCS#11 token, for one.
    ///
    /// A [`Signer`] of an RSA key makes the signatures of certificates (PKCS#1 v1.5), which TLS 1.3 does not take
    /// (RFC 8446 section 4.2.3). So it has to be ECDSA, Ed25519 or ML-DSA. Each handshake waits for its signature, in the
    /// task that does the handshake.
    ///
    /// # Errors
    ///
    /// [`IdentityError::SignerAlgorithm`], and those of [`new`](Self::new).
    pub fn of_signer(
        chain: Vec<CertificateDer<'static>>,
        signer: impl Signer + 'static,
    ) -> Result<Self, IdentityError> {
        let algorithm = signer.algorithm();
        let scheme = scheme(algorithm).ok_or(IdentityError::SignerAlgorithm)?;
        let key = SignerKey {
            signer: Arc::new(signer),
            scheme,
        };
        Self::new(chain, Arc::new(key))
    }
}

/// Both the key and what signs one handshake.
#[derive(Clone)]
struct SignerKey {
    signer: Arc<dyn Signer>,
    scheme: SignatureScheme,
}

impl SigningKey for SignerKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn rustls::sign::Signer>> {
        let key: Box<dyn rustls::sign::Signer> = Box::new(self.clone());
        offered.contains(&self.scheme).then_some(key)
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        Some(self.signer.public_key_der().into())
    }

    fn algorithm(&self) -> rustls::SignatureAlgorithm {
        match self.scheme {
            SignatureScheme::ED25519 => rustls::SignatureAlgorithm::ED25519,
            SignatureScheme::ECDSA_NISTP256_SHA256
            | SignatureScheme::ECDSA_NISTP384_SHA384
            | SignatureScheme::ECDSA_NISTP521_SHA512 => rustls::SignatureAlgorithm::ECDSA,
            // As rustls has it for its own keys of ML-DSA, which TLS 1.2 does not know.
            _ => rustls::SignatureAlgorithm::Unknown(0),
        }
    }
}

impl rustls::sign::Signer for SignerKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let signature = self.signer.sign(message);
        signature.map_err(|error| Error::Other(OtherError(Arc::new(error))))
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}

impl fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignerKey")
            .field("scheme", &self.scheme)
            .finish_non_exhaustive()
    }
}

/// A key of each curve signs with one hash alone, here as in TLS 1.3.
fn scheme(algorithm: SignatureAlgorithm) -> Option<SignatureScheme> {
    Some(match algorithm {
        SignatureAlgorithm::EcdsaSha256 => SignatureScheme::ECDSA_NISTP256_SHA256,
        SignatureAlgorithm::EcdsaSha384 => SignatureScheme::ECDSA_NISTP384_SHA384,
        SignatureAlgorithm::EcdsaSha512 => SignatureScheme::ECDSA_NISTP521_SHA512,
        SignatureAlgorithm::Ed25519 => SignatureScheme::ED25519,
        SignatureAlgorithm::MlDsa44 => SignatureScheme::ML_DSA_44,
        SignatureAlgorithm::MlDsa65 => SignatureScheme::ML_DSA_65,
        SignatureAlgorithm::MlDsa87 => SignatureScheme::ML_DSA_87,
        _ => return None,
    })
}
