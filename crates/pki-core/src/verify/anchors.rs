//! The certificates that trust starts from.

use std::error::Error as StdError;
use std::sync::Arc;

use der::Decode;
use der::asn1::AnyRef;
use rustls_pki_types::{CertificateDer, TrustAnchor};
use x509_identity::{Certificate, ParseError};

use super::rules::name_constraints::constrains_names;
use crate::pem::{self, Found, Label, PemError, Section};

/// The trust anchors, parsed once. Cheap to clone.
///
/// Several of one name are fine (a CA whose key is being replaced): each is tried. A certificate that is given
/// twice counts once. Whether an anchor is a CA and valid is checked with each chain, since that depends on
/// [`Strictness`](super::Strictness) and on time.
#[derive(Clone, Debug)]
pub struct TrustAnchors {
    anchors: Arc<Anchors>,
}

#[derive(Debug)]
struct Anchors {
    certificates: Vec<Arc<Certificate>>,
    /// The same, position by position, as webpki wants them.
    trusted: Vec<TrustAnchor<'static>>,
}

impl TrustAnchors {
    /// Trusts these DER certificates.
    ///
    /// # Errors
    ///
    /// [`AnchorError::Empty`] if there are none, or the first one that cannot be read, by its position.
    pub fn from_certs<I>(certificates: I) -> Result<Self, AnchorError>
    where
        I: IntoIterator,
        I::Item: AsRef<[u8]>,
    {
        let mut anchors = Anchors {
            certificates: Vec::new(),
            trusted: Vec::new(),
        };
        for (index, der) in certificates.into_iter().enumerate() {
            anchors.add(index, der.as_ref())?;
        }
        if anchors.certificates.is_empty() {
            return Err(AnchorError::Empty);
        }
        Ok(Self {
            anchors: Arc::new(anchors),
        })
    }

    /// Trusts every certificate of a PEM file, or the one of a DER file.
    ///
    /// PEM sections of other kinds (keys, CRLs) and text between sections are passed over.
    ///
    /// # Errors
    ///
    /// As [`TrustAnchors::from_certs`], [`AnchorError::NotCertificates`] if the file is of another kind, and
    /// [`AnchorError::Pem`] if a section is broken or not known.
    pub fn from_pem(bytes: &[u8]) -> Result<Self, AnchorError> {
        Self::read(bytes).map_err(|error| match (error, Found::of(bytes)) {
            (error, Found::Certificate | Found::Der | Found::Nothing | Found::Unknown) => error,
            (AnchorError::Empty | AnchorError::Pem(PemError::Container { .. }), found) => {
                AnchorError::NotCertificates { found }
            }
            (AnchorError::Malformed { .. }, found) if pem::is_der(bytes) => {
                AnchorError::NotCertificates { found }
            }
            (error, _) => error,
        })
    }

    fn read(bytes: &[u8]) -> Result<Self, AnchorError> {
        if pem::is_der(bytes) {
            return Self::from_certs([pem::der_value(bytes)]);
        }
        let file = pem::read(bytes)?;
        let sections = file.only(Label::is_certificate)?;
        let certificates = sections.iter().map(Section::der);
        let certificates = certificates.collect::<Result<Vec<_>, _>>()?;
        Self::from_certs(certificates.iter().map(|der| der.as_slice()))
    }

    /// These trust anchors, and `others` beside them.
    #[must_use]
    pub fn and(&self, others: &Self) -> Self {
        let mut certificates = self.certificates().to_vec();
        let mut trusted = self.trusted().to_vec();
        for (certificate, anchor) in others.certificates().iter().zip(others.trusted()) {
            if !self.contains(certificate.der()) {
                certificates.push(Arc::clone(certificate));
                trusted.push(anchor.clone());
            }
        }
        Self {
            anchors: Arc::new(Anchors {
                certificates,
                trusted,
            }),
        }
    }

    /// The trust anchors, in the order given.
    #[must_use]
    pub fn certificates(&self) -> &[Arc<Certificate>] {
        &self.anchors.certificates
    }

    /// The DER of each distinct subject name, outer SEQUENCE included: the `certificate_authorities`
    /// that a server sends as a hint (`rustls::DistinguishedName::from(der.to_vec())`).
    pub fn subjects(&self) -> impl Iterator<Item = &[u8]> {
        let certificates = self.certificates();
        certificates
            .iter()
            .enumerate()
            .filter_map(move |(index, certificate)| {
                let name = certificate.subject_der();
                let seen = certificates[..index]
                    .iter()
                    .any(|earlier| earlier.subject_der() == name);
                (!seen).then_some(name)
            })
    }

    pub(super) fn trusted(&self) -> &[TrustAnchor<'static>] {
        &self.anchors.trusted
    }

    /// The certificate behind one of [`Self::trusted`], by identity: two of them may share name and key and
    /// differ in validity alone.
    pub(super) fn certificate_of(&self, anchor: &TrustAnchor<'_>) -> Option<&Arc<Certificate>> {
        let address = std::ptr::from_ref(anchor).cast::<()>();
        let position = self
            .trusted()
            .iter()
            .position(|trusted| std::ptr::from_ref(trusted).cast::<()>() == address)?;
        self.certificates().get(position)
    }

    /// One of [`Self::trusted`], which is this certificate.
    pub(super) fn trusted_as(&self, certificate: &Certificate) -> Option<&TrustAnchor<'static>> {
        let position = self
            .certificates()
            .iter()
            .position(|anchor| anchor.der() == certificate.der())?;
        self.trusted().get(position)
    }

    pub(super) fn contains(&self, der: &[u8]) -> bool {
        self.certificates()
            .iter()
            .any(|certificate| certificate.der() == der)
    }

    /// Those that may have issued `certificate`, first those whose key it names: the identifier chooses, and
    /// does not decide (RFC 5280 section 4.2.1.1).
    pub(super) fn issuers_of<'a>(
        &'a self,
        certificate: &'a Certificate,
    ) -> impl Iterator<Item = &'a Arc<Certificate>> {
        let is_chosen = |anchor: &&Arc<Certificate>| {
            let key = certificate.authority_key_id();
            key.is_some() && key == anchor.subject_key_id()
        };
        let named = || self.named_by(certificate);
        let others = named().filter(move |anchor| !is_chosen(anchor));
        named().filter(is_chosen).chain(others)
    }

    /// Those whose name `certificate` gives as its issuer's.
    pub(super) fn named_by<'a>(
        &'a self,
        certificate: &'a Certificate,
    ) -> impl Iterator<Item = &'a Arc<Certificate>> {
        self.certificates()
            .iter()
            .filter(move |anchor| certificate.names_issuer(anchor))
    }
}

impl Anchors {
    fn add(&mut self, index: usize, der: &[u8]) -> Result<(), AnchorError> {
        let certificate = Certificate::trust_anchor_from_der(der)
            .map_err(|source| AnchorError::Malformed { index, source })?;
        if self.certificates.iter().any(|earlier| earlier.der() == der) {
            return Ok(());
        }
        let trusted = match webpki::anchor_from_trusted_cert(&CertificateDer::from(der)) {
            Ok(trusted) => trusted.to_owned(),
            Err(_) if is_name_and_key(&certificate) => by_hand(&certificate),
            Err(source) => {
                return Err(AnchorError::Unsupported {
                    index,
                    source: Box::new(source),
                });
            }
        };
        self.certificates.push(Arc::new(certificate));
        self.trusted.push(trusted);
        Ok(())
    }
}

/// Whether the certificate says no more of a trust anchor than that, and webpki may not read it: it knows neither
/// version 2 nor unique identifiers.
fn is_name_and_key(certificate: &Certificate) -> bool {
    (certificate.version() == 2 || certificate.has_unique_ids()) && !constrains_names(certificate)
}

/// What webpki would have read.
fn by_hand(certificate: &Certificate) -> TrustAnchor<'static> {
    let content = |der: &[u8]| {
        let any = AnyRef::from_der(der).expect("it was read as a part of the certificate");
        any.value().to_vec()
    };
    TrustAnchor {
        subject: content(certificate.subject_der()).into(),
        subject_public_key_info: content(certificate.spki_der()).into(),
        name_constraints: None,
    }
}

/// Whether they trust the same certificates, in any order.
impl PartialEq for TrustAnchors {
    fn eq(&self, other: &Self) -> bool {
        let within = |a: &Self, b: &Self| {
            a.certificates()
                .iter()
                .all(|certificate| b.contains(certificate.der()))
        };
        within(self, other) && within(other, self)
    }
}

impl Eq for TrustAnchors {}

/// Why a trust bundle is not one. Positions count certificates from 0, those in sentences from 1.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnchorError {
    /// No certificate at all: nobody could be trusted.
    #[error(
        "trust bundle holds no certificate: it takes PEM (BEGIN CERTIFICATE) or one DER certificate"
    )]
    Empty,

    /// A certificate that cannot be read.
    #[error("trusted certificate {} cannot be read: take it again from where it was issued", index + 1)]
    Malformed {
        /// Its position.
        index: usize,
        /// What is wrong with it.
        source: ParseError,
    },

    /// The file holds something else than certificates.
    #[error("trusted certificates are expected and the file holds {found}")]
    NotCertificates {
        /// What it holds.
        found: Found,
    },

    /// The file is PEM and a section of it is broken or not known.
    #[error(transparent)]
    Pem(#[from] PemError),

    /// A certificate that the path library cannot trust.
    #[error("trusted certificate {} cannot be used as a trust anchor", index + 1)]
    Unsupported {
        /// Its position.
        index: usize,
        /// The library's reason.
        source: Box<dyn StdError + Send + Sync>,
    },
}
