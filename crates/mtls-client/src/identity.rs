//! The certificate we show.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use pkcs12_ios::{Bundle, Limits, OpenError, ReadError};
use pki_core::{KeyError, KeyPair, Password};
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use x509_identity::{Certificate, ParseError};

/// The certificate chain that we show, and the private key of its first certificate.
///
/// That the key belongs to the certificate is checked once, here. The key has one owner: this type
/// is deliberately not `Clone`.
pub struct ClientIdentity {
    key: Arc<CertifiedKey>,
    leaf: Certificate,
    /// The DER names of who issued the chain's certificates.
    issuers: Vec<Vec<u8>>,
}

impl ClientIdentity {
    /// Reads a chain (PEM: our certificate first, then its intermediates) and an unencrypted key
    /// (PEM: PKCS#8, PKCS#1 or SEC1). Both may be the same file.
    ///
    /// # Errors
    ///
    /// [`IdentityError`] says what is wrong with which of the two, and what to do.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, IdentityError> {
        Self::new(
            certificates(chain)?,
            &KeyPair::from_pem(key, None).map_err(IdentityError::Key)?,
        )
    }

    /// As [`from_pem`](Self::from_pem), with a key that is encrypted by `password` (PKCS#8).
    ///
    /// # Errors
    ///
    /// [`IdentityError`], with [`KeyError::Decrypt`] for a wrong password.
    pub fn from_pem_with_password(
        chain: &[u8],
        key: &[u8],
        password: &Password,
    ) -> Result<Self, IdentityError> {
        let key = KeyPair::from_pem(key, Some(password)).map_err(IdentityError::Key)?;
        Self::new(certificates(chain)?, &key)
    }

    /// Opens a `.p12` bundle: one key, its certificate, and the intermediates to send along.
    ///
    /// # Errors
    ///
    /// [`IdentityError::Pkcs12`] for a wrong password, a damaged file or one without a key.
    pub fn from_pkcs12(bundle: &[u8], password: &Password) -> Result<Self, IdentityError> {
        let bundle =
            Bundle::open(bundle, password, &Limits::default()).map_err(IdentityError::Pkcs12)?;
        let (key, leaf, chain) = bundle.into_parts();
        let chain = std::iter::once(leaf)
            .chain(chain)
            .map(CertificateDer::from)
            .collect();
        Self::new(chain, &key)
    }

    /// Takes a chain, our certificate first, and the key itself.
    ///
    /// # Errors
    ///
    /// [`IdentityError::KeyMismatch`] if the key is not the first certificate's.
    pub fn new(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> Result<Self, IdentityError> {
        let parsed = chain
            .iter()
            .map(|der| Certificate::from_der(der).map_err(IdentityError::Certificate))
            .collect::<Result<Vec<_>, _>>()?;
        let belongs = |certificate: &Certificate| certificate.spki_der() == key.public_key_der();
        let Some(leaf) = parsed.first() else {
            return Err(IdentityError::NoCertificate);
        };
        if !belongs(leaf) {
            return Err(match parsed.iter().position(belongs) {
                Some(index) => IdentityError::ChainOrder {
                    position: index + 1,
                },
                None => IdentityError::KeyMismatch {
                    subject: leaf.subject().to_string(),
                },
            });
        }
        let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.secret_pkcs8_der()));
        let signing_key =
            any_supported_type(&der).map_err(|error| IdentityError::Unusable(Box::new(error)))?;
        let issuers = parsed
            .iter()
            .map(|certificate| certificate.issuer_der().to_vec())
            .collect();
        let leaf = leaf.clone();
        Ok(Self {
            key: Arc::new(CertifiedKey::new(chain, signing_key)),
            leaf,
            issuers,
        })
    }

    /// Our own certificate, the first of the chain.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.leaf
    }

    pub(crate) fn certified_key(&self) -> &Arc<CertifiedKey> {
        &self.key
    }

    /// Whether one of these CAs (DER names) issued a certificate of the chain.
    pub(crate) fn is_issued_by_any(&self, issuers: &[&[u8]]) -> bool {
        self.issuers
            .iter()
            .any(|issuer| issuers.contains(&issuer.as_slice()))
    }
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientIdentity")
            .field("subject", &self.leaf.subject().to_string())
            .field("chain", &self.key.cert.len())
            .finish_non_exhaustive()
    }
}

/// An identity that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// A certificate of the chain cannot be read.
    #[error("a certificate of the chain cannot be read; take it again from where it was issued")]
    Certificate(#[source] ParseError),

    /// The key belongs to a certificate further down.
    #[error("the key belongs to certificate {position} of the chain; put that certificate first")]
    ChainOrder {
        /// Which one, counted from 1.
        position: usize,
    },

    /// A PEM block is cut off or is no Base64.
    #[error("a PEM block of the certificate chain is damaged; copy the whole file again")]
    DamagedPem(#[source] rustls::pki_types::pem::Error),

    /// Nothing was there to read.
    #[error("the certificate file is empty")]
    Empty,

    /// The key cannot be read.
    #[error(transparent)]
    Key(KeyError),

    /// The key is another certificate's.
    #[error(
        "the key does not belong to the certificate of {subject}; use the key that the certificate \
         was requested with"
    )]
    KeyMismatch {
        /// The certificate's subject (RFC 4514).
        subject: String,
    },

    /// A chain without a certificate.
    #[error("no certificate in it; it should hold PEM blocks that begin with BEGIN CERTIFICATE")]
    NoCertificate,

    /// Binary where text was expected.
    #[error(
        "the certificate is not PEM text; convert it with `openssl x509 -inform DER -in CERT -out CERT.pem`"
    )]
    NotPem,

    /// The `.p12` bundle cannot be opened.
    #[error("{0}; {advice}", advice = advice(.0))]
    Pkcs12(OpenError),

    /// A private key where the certificate was expected.
    #[error("a private key and no certificate in it; certificate and key look swapped")]
    PrivateKey,

    /// The key is readable, but TLS cannot sign with it.
    #[error("TLS cannot use this key")]
    Unusable(#[source] Box<dyn StdError + Send + Sync>),
}

impl IdentityError {
    /// Whether the key is at fault, rather than the certificate chain.
    #[must_use]
    pub fn is_about_key(&self) -> bool {
        matches!(
            self,
            Self::Key(_) | Self::KeyMismatch { .. } | Self::Unusable(_)
        )
    }
}

fn advice(error: &OpenError) -> &'static str {
    match error {
        OpenError::Read(ReadError::MacMismatch) => "give the password that it was exported with",
        OpenError::Read(ReadError::NotPkcs12 { .. }) => "give a .p12 or .pfx file",
        _ => "export it again, with one key and its certificate",
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
    if pem.iter().all(u8::is_ascii_whitespace) {
        return Err(IdentityError::Empty);
    }
    let Ok(text) = std::str::from_utf8(pem) else {
        return Err(IdentityError::NotPem);
    };
    let chain = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(IdentityError::DamagedPem)?;
    if chain.is_empty() {
        let swapped = text.contains("PRIVATE KEY-----");
        return Err(if swapped {
            IdentityError::PrivateKey
        } else {
            IdentityError::NoCertificate
        });
    }
    Ok(chain)
}
