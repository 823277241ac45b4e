//! What a certificate should say: a key, a subject, alternative names and a validity period.

use std::collections::HashSet;

use time::Duration;
use x509_identity::{Certificate, DistinguishedName, SubjectAltName};

use super::csr::CertificateRequest;
use crate::KeyKind;

/// What a certificate should say. The profile decides whether it may, and adds everything else.
#[derive(Clone, Debug)]
pub struct CertificateParameters {
    pub(crate) public_key: Vec<u8>,
    pub(crate) subject: DistinguishedName,
    pub(crate) sans: Vec<SubjectAltName>,
    pub(crate) validity: Option<Duration>,
    pub(crate) ends_with_issuer: bool,
    /// In place of the one that follows from the key.
    pub(crate) key_id: Option<Vec<u8>>,
    /// The CSR that proves that the applicant holds the key.
    csr: Option<Vec<u8>>,
    /// The kind of its key, where such a CSR was read: then the key was checked, too.
    pub(crate) checked_key: Option<KeyKind>,
    /// Whether that CSR asks for the certificate of a CA.
    pub(crate) asks_for_ca: bool,
}

impl CertificateParameters {
    /// Asks for a certificate of this key (`SubjectPublicKeyInfo` DER) for this subject.
    ///
    /// The subject's texts are encoded anew, each in the string type that RFC 5280 has for its
    /// attribute, whatever type they came in: many tools write a countryName as a UTF8String.
    ///
    /// Whoever calls this vouches for the key; for a key that somebody else sent, the proof of
    /// possession is the signature of a [`CertificateRequest`].
    #[must_use]
    pub fn for_key(public_key_der: &[u8], subject: DistinguishedName) -> Self {
        Self {
            public_key: public_key_der.to_vec(),
            subject: subject.in_proper_types(),
            sans: Vec::new(),
            validity: None,
            ends_with_issuer: false,
            key_id: None,
            csr: None,
            checked_key: None,
            asks_for_ca: false,
        }
    }

    /// Asks for another certificate of a CA that exists: the same subject, octet for octet, the same key, and the same
    /// subject key identifier. What that CA has issued, and will issue, has a path through either.
    ///
    /// Below another CA it is a cross-certificate ([`Profile::cross_certificate`](crate::Profile::cross_certificate)):
    /// whoever trusts that CA alone then accepts what this one issues. From the CA that issued the first one, or from a
    /// root itself by [`Profile::root`](crate::Profile::root), it is one that ends later. Usages, path length and name
    /// constraints are the profile's, and not those of `ca`.
    #[must_use]
    pub fn for_ca(ca: &Certificate) -> Self {
        Self {
            public_key: ca.spki_der().to_vec(),
            subject: ca.subject().clone(),
            sans: Vec::new(),
            validity: None,
            ends_with_issuer: false,
            key_id: ca.subject_key_id().map(<[u8]>::to_vec),
            csr: None,
            checked_key: None,
            asks_for_ca: false,
        }
    }

    /// Asks for the key and all names of a CSR, to be judged by the profile.
    ///
    /// The names in a CSR are what the applicant would like to be called. Where the applicant is known by other
    /// means, build the names from those with [`CertificateParameters::for_key`] and take only the key.
    #[must_use]
    pub fn from_csr(csr: &CertificateRequest) -> Self {
        let names = csr.requested_names();
        Self::for_key(csr.public_key_der(), names.subject().clone())
            .sans(names.sans().to_vec())
            .proven_by(csr)
    }

    /// Keeps the CSR by which the applicant has proven to hold the key. Nothing of it reaches a certificate: it is for a
    /// CA of somebody else, which wants to see the proof itself. A CSR of another key is left out.
    ///
    /// If the CSR [asks for the certificate of a CA](CertificateRequest::asks_for_ca), only a profile of CAs gives one.
    #[must_use]
    pub fn proven_by(mut self, csr: &CertificateRequest) -> Self {
        let is_of_key = csr.public_key_der() == self.public_key;
        self.csr = is_of_key.then(|| csr.der().to_vec());
        self.checked_key = is_of_key.then(|| csr.key_kind());
        self.asks_for_ca = csr.asks_for_ca();
        self
    }

    /// The DER of the CSR, if the parameters were [proven](Self::proven_by) by one.
    #[must_use]
    pub fn csr_der(&self) -> Option<&[u8]> {
        self.csr.as_deref()
    }

    /// The key that is to be certified, as `SubjectPublicKeyInfo` DER.
    #[must_use]
    pub fn public_key_der(&self) -> &[u8] {
        &self.public_key
    }

    /// The subject that is to be certified.
    #[must_use]
    pub fn subject(&self) -> &DistinguishedName {
        &self.subject
    }

    /// The alternative names that are to be certified.
    #[must_use]
    pub fn names(&self) -> &[SubjectAltName] {
        &self.sans
    }

    /// Adds alternative names. A name that is there already is left out, and a certificate has each once, whatever a CSR
    /// repeats: public CAs do the same. Host names are compared in any case, all others as they are written.
    #[must_use]
    pub fn sans(mut self, names: impl IntoIterator<Item = SubjectAltName>) -> Self {
        let mut there: HashSet<_> = self.sans.iter().map(compared).collect();
        for name in names {
            if there.insert(compared(&name)) {
                self.sans.push(name);
            }
        }
        self
    }

    /// Asks for this validity period in place of the profile's default.
    #[must_use]
    pub fn validity(mut self, period: Duration) -> Self {
        self.validity = Some(period);
        self
    }

    /// Lets the certificate end with its issuer where it would end later, in place of being refused. It still has to be
    /// as long as the profile's shortest.
    #[must_use]
    pub fn end_with_issuer(mut self) -> Self {
        self.ends_with_issuer = true;
        self
    }
}

/// A name in the form in which it is compared.
fn compared(name: &SubjectAltName) -> SubjectAltName {
    match name {
        SubjectAltName::Dns(name) => SubjectAltName::Dns(name.to_ascii_lowercase()),
        other => other.clone(),
    }
}
