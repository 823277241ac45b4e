//! One thing that a file holds.

use pki_core::{CertificateRequest, Crl, Password};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use x509_identity::{Certificate, PublicKeyAlgorithm};

use super::certificate::{CertificateView, NameView};
use super::crl::CrlView;
use crate::output::{Fields, hex};

/// One thing that a file holds, as it is shown. A private key is never part of it.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Item {
    /// A certificate.
    Certificate(Box<CertificateView>),
    /// A CRL.
    Crl(CrlView),
    /// A request for one, whose signature is good.
    CertificateRequest(RequestView),
    /// A private key.
    PrivateKey(KeyView),
    /// A public key alone.
    PublicKey(KeyView),
    /// Something else, or something that cannot be read.
    Unreadable(Unreadable),
}

/// What a certificate request asks for.
#[derive(Debug, Serialize)]
pub(crate) struct RequestView {
    subject: String,
    sans: Vec<NameView>,
    key: String,
    spki_sha256: String,
}

/// What may be said about a key.
#[derive(Debug, Serialize)]
pub(crate) struct KeyView {
    encrypted: bool,
    /// Unknown where it is encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spki_sha256: Option<String>,
}

/// Why something is not shown.
#[derive(Debug, Serialize)]
pub(crate) struct Unreadable {
    what: String,
    problem: String,
}

impl Item {
    pub(crate) fn certificate(der: &[u8]) -> Self {
        match Certificate::from_der(der) {
            Ok(certificate) => Self::Certificate(Box::new(CertificateView::of(&certificate))),
            Err(error) => Self::unreadable("a certificate", &error),
        }
    }

    pub(crate) fn crl(der: &[u8]) -> Self {
        match Crl::from_der(der) {
            Ok(crl) => Self::Crl(CrlView::of(&crl)),
            Err(error) => Self::unreadable("a CRL", &error),
        }
    }

    pub(crate) fn request(der: &[u8]) -> Self {
        match CertificateRequest::from_der(der) {
            Ok(request) => {
                let (names, spki) = (request.requested_names(), request.public_key_der());
                Self::CertificateRequest(RequestView {
                    subject: names.subject().to_string(),
                    sans: NameView::all(names.sans()),
                    key: kind_of(spki),
                    spki_sha256: hex(&Sha256::digest(spki)),
                })
            }
            Err(error) => Self::unreadable("a certificate request", &error),
        }
    }

    /// A private key: PEM, or DER.
    pub(crate) fn private_key(bytes: &[u8], password: Option<&Password>) -> Self {
        let read = pki_core::EncodedKey::read(bytes, password).and_then(|key| key.public_key_der());
        match read {
            Ok(spki) => Self::PrivateKey(KeyView::of(&spki)),
            Err(pki_core::KeyError::Encrypted) => Self::PrivateKey(KeyView {
                encrypted: true,
                key: None,
                spki_sha256: None,
            }),
            Err(error) => Self::unreadable("a private key", &error),
        }
    }

    pub(crate) fn public_key(spki: &[u8]) -> Self {
        match PublicKeyAlgorithm::from_spki(spki) {
            Ok(_) => Self::PublicKey(KeyView::of(spki)),
            Err(error) => Self::unreadable("a public key", &error),
        }
    }

    pub(crate) fn unreadable(
        what: impl Into<String>,
        error: &(dyn std::error::Error + 'static),
    ) -> Self {
        let mut problem = error.to_string();
        if let Some(source) = error.source() {
            problem = format!("{problem}: {source}");
        }
        Self::Unreadable(Unreadable {
            what: what.into(),
            problem,
        })
    }

    /// What it is, in words.
    pub(crate) fn title(&self) -> String {
        match self {
            Self::Certificate(view) if view.ca => "CA certificate".to_owned(),
            Self::Certificate(_) => "certificate".to_owned(),
            Self::CertificateRequest(_) => "certificate request".to_owned(),
            Self::Crl(_) => "CRL".to_owned(),
            Self::PrivateKey(_) => "private key (not shown)".to_owned(),
            Self::PublicKey(_) => "public key".to_owned(),
            Self::Unreadable(unreadable) => unreadable.what.clone(),
        }
    }

    pub(crate) fn is_readable(&self) -> bool {
        !matches!(self, Self::Unreadable(_))
    }

    /// For people.
    pub(crate) fn fields(&self, now: OffsetDateTime) -> Fields {
        let mut fields = Fields::default();
        match self {
            Self::Certificate(view) => return view.fields(now),
            Self::Crl(view) => return view.fields(now),
            Self::CertificateRequest(view) => {
                fields
                    .add("subject", &view.subject)
                    .add_all("names", &view.sans)
                    .add("key", &view.key)
                    .add("signature", "by this key")
                    .add("SHA-256 of its key", &view.spki_sha256);
            }
            Self::PrivateKey(view) | Self::PublicKey(view) => {
                if let Some(key) = &view.key {
                    fields.add("key", key);
                }
                if view.encrypted {
                    fields.add("encrypted", "yes; --password-file shows what it is");
                }
                if let Some(hash) = &view.spki_sha256 {
                    fields.add("SHA-256 of its public key", hash);
                }
            }
            Self::Unreadable(unreadable) => {
                fields.add("cannot be read", &unreadable.problem);
            }
        }
        fields
    }
}

impl KeyView {
    fn of(spki: &[u8]) -> Self {
        Self {
            encrypted: false,
            key: Some(kind_of(spki)),
            spki_sha256: Some(hex(&Sha256::digest(spki))),
        }
    }
}

fn kind_of(spki: &[u8]) -> String {
    PublicKeyAlgorithm::from_spki(spki)
        .map_or_else(|_| "unknown".to_owned(), |kind| kind.to_string())
}
