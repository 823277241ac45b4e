//! A key: in a file, or wherever somebody keeps it.

use std::fmt;
use std::sync::Arc;

use pki_core::{CertificateRequest, KeyPair, Signer};
use tls_identity::Identity as ClientIdentity;
use x509_identity::{DistinguishedName, SubjectAltName};
use zeroize::Zeroizing;

use super::error::EnrollError;
use super::key_store::{KeyStore, KeyStoreError};

/// A key that a certificate is asked for, or has.
pub(super) enum Key {
    InFile(KeyPair),
    Stored(Arc<dyn Signer>),
}

impl Key {
    /// The one that the content of a key file stands for. `None` if that is no key at all.
    pub(super) fn read(
        content: &[u8],
        store: Option<&dyn KeyStore>,
    ) -> Result<Option<Self>, KeyStoreError> {
        let Some(name) = name_in(content) else {
            let key = KeyPair::from_pem(content, None).ok();
            return Ok(key.map(Self::InFile));
        };
        let elsewhere = "tls.key has the name of a key that is kept elsewhere, and nobody has said where that is";
        store
            .ok_or(elsewhere)?
            .open(name)
            .map(|signer| Some(Self::Stored(signer)))
    }

    pub(super) fn public_key_der(&self) -> &[u8] {
        match self {
            Self::InFile(key) => key.public_key_der(),
            Self::Stored(signer) => signer.public_key_der(),
        }
    }

    pub(super) fn request(
        &self,
        subject: &DistinguishedName,
        sans: &[SubjectAltName],
    ) -> Result<CertificateRequest, EnrollError> {
        let request = match self {
            Self::InFile(key) => CertificateRequest::build(key, subject, sans),
            Self::Stored(signer) => CertificateRequest::build(signer, subject, sans),
        };
        request.map_err(|error| EnrollError::Request(error.into()))
    }

    /// What is presented: this key with its chain, as PEM.
    pub(super) fn identity(
        &self,
        chain: &[u8],
    ) -> Result<ClientIdentity, tls_identity::IdentityError> {
        match self {
            Self::InFile(key) => {
                let key = Zeroizing::new(key.secret_pkcs8_pem());
                ClientIdentity::from_pem(chain, key.as_bytes())
            }
            Self::Stored(signer) => {
                let chain = tls_identity::certificates(chain)?;
                ClientIdentity::of_signer(chain, Arc::clone(signer))
            }
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InFile(_) => "Key::InFile",
            Self::Stored(_) => "Key::Stored",
        })
    }
}

/// The name in a key file that has no key.
pub(super) fn name_in(content: &[u8]) -> Option<&str> {
    let text = str::from_utf8(content).ok()?.trim();
    let is_name = !text.is_empty() && !text.contains(['\n', '\r']) && !text.contains("-----");
    is_name.then_some(text)
}
