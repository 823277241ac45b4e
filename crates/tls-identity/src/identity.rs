//! Chain and key.

use std::fmt;
use std::sync::Arc;

use const_oid::db::rfc5912::{ID_EC_PUBLIC_KEY, ID_RSASSA_PSS};
use pkcs12_ios::{Bundle, Limits, OpenError};
use pki_core::pem::{self, Label, Section};
use pki_core::{EncodedKey, Password};
use rustls::SignatureScheme;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::CertificateDer;
use rustls::sign::{CertifiedKey, SigningKey};
use x509_identity::{Certificate, PublicKeyAlgorithm};

use crate::{Found, IdentityError, point};

/// The certificate chain that one side presents, and the private key of its first certificate.
///
/// That the key belongs to the certificate is checked once, here. The key has one owner: this type is deliberately
/// not `Clone`.
pub struct Identity {
    key: Arc<CertifiedKey>,
    leaf: Certificate,
    /// The DER names of who issued the chain's certificates.
    issuers: Vec<Vec<u8>>,
}

impl Identity {
    /// Reads a chain and a key that is not encrypted.
    ///
    /// The chain is PEM, with the own certificate first and then its issuers, or the own certificate alone in DER. The
    /// key is PKCS#8, PKCS#1 or SEC1, in PEM or DER. Both may be the same file.
    ///
    /// # Errors
    ///
    /// [`IdentityError`] says what is wrong with which of the two, and what to do.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, IdentityError> {
        Self::of(chain, key, None)
    }

    /// As [`from_pem`](Self::from_pem), with a key that is encrypted by `password`: PKCS#8, or OpenSSL's old PEM form.
    ///
    /// # Errors
    ///
    /// [`IdentityError`], with [`KeyError::Decrypt`](pki_core::KeyError::Decrypt) for a wrong password.
    pub fn from_pem_with_password(
        chain: &[u8],
        key: &[u8],
        password: &Password,
    ) -> Result<Self, IdentityError> {
        Self::of(chain, key, Some(password))
    }

    fn of(chain: &[u8], key: &[u8], password: Option<&Password>) -> Result<Self, IdentityError> {
        let chain = certificates(chain)?;
        let read = EncodedKey::read(key, password).map_err(IdentityError::Key)?;
        Self::new(chain, signing_key(&read)?).map_err(|error| match (error, keys(key)) {
            (IdentityError::KeyMismatch { subject }, count @ 2..) => {
                IdentityError::FirstKey { subject, count }
            }
            (error, _) => error,
        })
    }

    /// Opens a `.p12` bundle: one key, its certificate, and the issuers to present with it.
    ///
    /// # Errors
    ///
    /// [`IdentityError::Pkcs12`] for a wrong password, a damaged file or one without a key,
    /// [`IdentityError::NotPkcs12`] for a file of another kind.
    pub fn from_pkcs12(bundle: &[u8], password: &Password) -> Result<Self, IdentityError> {
        let opened = Bundle::open(pem::der_value(bundle), password, &Limits::default());
        let opened = opened.map_err(|error| match (error, Found::of(bundle)) {
            (error, Found::Pkcs12 | Found::Der | Found::Unknown) => IdentityError::Pkcs12(error),
            (OpenError::Read(_), found) => IdentityError::NotPkcs12 { found },
            (error, _) => IdentityError::Pkcs12(error),
        })?;
        let (key, leaf, chain) = opened.into_parts();
        let chain = std::iter::once(leaf).chain(chain);
        Self::new(
            chain.map(CertificateDer::from).collect(),
            signing_key(&key)?,
        )
    }

    /// Takes a chain, with the own certificate first, and whatever signs for it: a key in memory, in a token, or on
    /// another machine.
    ///
    /// # Errors
    ///
    /// [`IdentityError::KeyMismatch`] if the key says that it is not the first certificate's. A key that does not tell
    /// its public key is not checked.
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: Arc<dyn SigningKey>,
    ) -> Result<Self, IdentityError> {
        let parsed = chain
            .iter()
            .enumerate()
            .map(|(index, der)| {
                let position = index + 1;
                Certificate::from_der(der)
                    .map_err(|source| IdentityError::Certificate { position, source })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let public_key = key.public_key();
        let belongs = |certificate: &Certificate| {
            let spki = certificate.spki_der();
            public_key.as_ref().is_none_or(|key| {
                key.as_ref() == spki || point::is_compressed_form(spki, key.as_ref())
            })
        };
        let Some(leaf) = parsed.first() else {
            return Err(IdentityError::Empty);
        };
        if !belongs(leaf) {
            return Err(match parsed.iter().position(belongs) {
                Some(index) => IdentityError::ChainOrder {
                    position: index + 1,
                },
                None => mismatch(leaf),
            });
        }
        let issuers = parsed
            .iter()
            .map(|certificate| certificate.issuer_der().to_vec())
            .collect();
        let leaf = leaf.clone();
        Ok(Self {
            key: Arc::new(CertifiedKey::new(chain, key)),
            leaf,
            issuers,
        })
    }

    /// The same, with an OCSP response for peers that ask for one (RFC 6066 section 8).
    #[must_use]
    pub fn stapled(mut self, ocsp_response: impl Into<Vec<u8>>) -> Self {
        let mut key = CertifiedKey::clone(&self.key);
        key.ocsp = Some(ocsp_response.into());
        self.key = Arc::new(key);
        self
    }

    /// The own certificate, the first of the chain.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.leaf
    }

    /// Chain and key as rustls takes them.
    #[must_use]
    pub fn certified_key(&self) -> &Arc<CertifiedKey> {
        &self.key
    }

    /// Whether only TLS 1.3 can use the key, as with ML-DSA (RFC 9881). A peer that speaks only TLS 1.2 gets no
    /// signature from such a key.
    #[must_use]
    pub fn needs_tls13(&self) -> bool {
        self.key.key.choose_scheme(TLS12_SCHEMES).is_none()
    }

    /// Whether one of these CAs (DER names) issued a certificate of the chain.
    #[must_use]
    pub fn is_issued_by_any(&self, issuers: &[&[u8]]) -> bool {
        self.issuers
            .iter()
            .any(|issuer| issuers.contains(&issuer.as_slice()))
    }
}

/// Without the key.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("subject", &self.leaf.subject().to_string())
            .field("chain", &self.key.cert.len())
            .finish_non_exhaustive()
    }
}

/// How many private keys a PEM file has.
fn keys(bytes: &[u8]) -> usize {
    let file = pem::read(bytes).ok();
    let sections = file.iter().flat_map(pem::PemFile::sections);
    sections.filter(|it| it.label().is_private_key()).count()
}

fn signing_key(key: &EncodedKey) -> Result<Arc<dyn SigningKey>, IdentityError> {
    // First the reader that tells one kind from another: rustls tries all of its own, and says that none fits.
    key.public_key_der().map_err(IdentityError::Key)?;
    any_supported_type(&key.secret_der()).map_err(|error| IdentityError::Unusable(Box::new(error)))
}

/// What signs in TLS 1.2: RFC 5246 section 7.4.1.4.1, RFC 8422 section 5.1.3, and RFC 8446 section 4.2.3 for the rest.
const TLS12_SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::ECDSA_NISTP521_SHA512,
    SignatureScheme::ED25519,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA512,
];

/// Why a key is not that of its certificate.
fn mismatch(leaf: &Certificate) -> IdentityError {
    let subject = leaf.subject().to_string();
    match leaf.public_key_algorithm() {
        // The curve has no name there: the key may be the right one, and no peer would take it.
        PublicKeyAlgorithm::Other(ID_EC_PUBLIC_KEY) => IdentityError::ExplicitCurve { subject },
        PublicKeyAlgorithm::Other(ID_RSASSA_PSS) => IdentityError::PssKey { subject },
        _ => IdentityError::KeyMismatch { subject },
    }
}

/// Every certificate of a file, in order: PEM with any number, or one in DER.
///
/// # Errors
///
/// [`IdentityError::Empty`], [`IdentityError::NoCertificate`] and [`IdentityError::Pem`].
pub fn certificates(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
    let found = Found::of(bytes);
    let none = || Err(IdentityError::NoCertificate { found });
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(IdentityError::Empty);
    }
    if pem::is_der(bytes) {
        return match found {
            Found::Certificate | Found::Der => {
                Ok(vec![CertificateDer::from(pem::der_value(bytes).to_vec())])
            }
            _ => none(),
        };
    }
    let file = pem::read(bytes).map_err(IdentityError::Pem)?;
    let sections = file
        .only(Label::is_certificate)
        .map_err(IdentityError::Pem)?;
    if sections.is_empty() {
        return none();
    }
    let der = |section: &Section<'_>| {
        let der = section.der().map_err(IdentityError::Pem)?;
        Ok(CertificateDer::from(der.to_vec()))
    };
    sections.iter().map(der).collect()
}
