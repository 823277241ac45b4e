//! The certificate chain and private key that the server shows.

use std::{fmt, path::Path, sync::Arc};

use rustls::{
    InconsistentKeys,
    pki_types::{PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use x509_identity::{Certificate, ParseError};

use crate::{
    provider::provider,
    sources::{
        files::{self, FileError},
        material::{self, Found},
        ocsp::staple::Staple,
    },
};

/// The server's certificate chain, leaf first, with the private key of the leaf.
///
/// That key and leaf belong together is checked once, here. The key has one owner: this type is
/// deliberately not `Clone`.
pub struct ServerIdentity {
    key: Arc<CertifiedKey>,
    leaf: Certificate,
}

impl ServerIdentity {
    /// Takes a chain (PEM, leaf first, or the leaf alone in DER) and an unencrypted private key
    /// (PKCS#8, PKCS#1 or SEC1, in PEM or DER).
    ///
    /// # Errors
    ///
    /// [`IdentityError`] says which of the two is wrong, and what was found instead.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, IdentityError> {
        let no_certificate = || IdentityError::NoCertificate {
            found: Found::of(chain),
        };
        let certificates = material::certificates(chain).ok_or(IdentityError::DamagedPem)?;
        let leaf = certificates.first().ok_or_else(no_certificate)?;
        let leaf = Certificate::from_der(leaf).map_err(IdentityError::Certificate)?;
        let key = private_key(key)?;
        let key = CertifiedKey::from_der(certificates, key, &provider()).map_err(|error| {
            if error == rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) {
                IdentityError::KeyMismatch
            } else {
                IdentityError::Key(Box::new(error))
            }
        })?;
        Ok(Self {
            key: Arc::new(key),
            leaf,
        })
    }

    /// Reads both files and calls [`from_pem`](Self::from_pem).
    ///
    /// # Errors
    ///
    /// [`FileError`] names the file and what to do about it.
    pub fn from_files(chain: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self, FileError> {
        let (chain, key) = (chain.as_ref(), key.as_ref());
        let chain_bytes = files::read(chain, files::CHAIN)?;
        let key_bytes = files::read(key, files::KEY)?;
        Self::of_files((chain, &chain_bytes), (key, &key_bytes))
    }

    /// The same of files that have been read.
    pub(crate) fn of_files(
        (chain, chain_bytes): (&Path, &[u8]),
        (key, key_bytes): (&Path, &[u8]),
    ) -> Result<Self, FileError> {
        Self::from_pem(chain_bytes, key_bytes).map_err(|error| {
            let at_fault = if error.is_about_key() { key } else { chain };
            FileError::content(at_fault, error)
        })
    }

    /// The leaf that clients will see.
    pub fn certificate(&self) -> &Certificate {
        &self.leaf
    }

    /// The same, with an OCSP answer for clients that ask for one (RFC 6066 section 8).
    #[must_use]
    pub fn stapled(mut self, staple: &Staple) -> Self {
        let mut key = CertifiedKey::clone(&self.key);
        key.ocsp = Some(staple.der().to_vec());
        self.key = Arc::new(key);
        self
    }

    pub(crate) fn into_certified_key(self) -> Arc<CertifiedKey> {
        self.key
    }
}

impl fmt::Debug for ServerIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerIdentity")
            .field("subject", &self.leaf.subject().to_string())
            .field("chain", &self.key.cert.len())
            .finish_non_exhaustive()
    }
}

/// Why bytes make no server identity.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The leaf is no certificate.
    #[error("the first certificate cannot be parsed: is it complete, and a certificate?")]
    Certificate(#[source] ParseError),

    /// A PEM section is cut off or not base64.
    #[error("a PEM section of the certificate chain is damaged: copy the whole file again")]
    DamagedPem,

    /// The key is protected by a password.
    #[error(
        "the private key is encrypted: write it in the clear to a file only the server can read \
         (openssl pkey -in KEY -out PLAIN_KEY)"
    )]
    EncryptedKey,

    /// The key is of a kind, or in a shape, that TLS cannot use here.
    #[error("the private key cannot be used: it must be RSA (2048 bits or more), ECDSA or Ed25519")]
    Key(#[source] Box<dyn std::error::Error + Send + Sync>),

    /// The key belongs to another certificate.
    #[error(
        "the private key does not belong to the first certificate of the chain: use the key that \
         the certificate was requested with, and put the server's own certificate first"
    )]
    KeyMismatch,

    /// There is no certificate where one was expected.
    #[error(
        "no certificate in it, but {found}{}",
        if matches!(found, Found::PrivateKey) { ": certificate and key look swapped" } else { "" }
    )]
    NoCertificate {
        /// What was there instead.
        found: Found,
    },

    /// There is no private key where one was expected.
    #[error(
        "no private key in it, but {found}{}",
        if matches!(found, Found::Certificate) { ": certificate and key look swapped" } else { "" }
    )]
    NoKey {
        /// What was there instead.
        found: Found,
    },
}

impl IdentityError {
    /// Whether the key is at fault rather than the chain.
    fn is_about_key(&self) -> bool {
        matches!(
            self,
            Self::EncryptedKey | Self::Key(_) | Self::KeyMismatch | Self::NoKey { .. }
        )
    }
}

fn private_key(bytes: &[u8]) -> Result<PrivateKeyDer<'static>, IdentityError> {
    match Found::of(bytes) {
        Found::PrivateKey if bytes.first() == Some(&material::DER_SEQUENCE) => {
            PrivateKeyDer::try_from(bytes.to_vec())
                .map_err(|error| IdentityError::Key(error.into()))
        }
        Found::PrivateKey => PrivateKeyDer::from_pem_slice(bytes)
            .map_err(|error| IdentityError::Key(Box::new(error))),
        Found::EncryptedPrivateKey => Err(IdentityError::EncryptedKey),
        found => Err(IdentityError::NoKey { found }),
    }
}
