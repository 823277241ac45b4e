//! Which certificates are to be revoked.

use pki_core::verify::RevocationReason;
use x509_identity::SerialNumber;

use super::certificate::CertificateState;
use super::filter::Filter;
use super::name_pattern::NamePattern;

/// The certificates of a CA that are to be revoked.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The name of the CA; all CAs of the store where none is named.
    pub ca: Option<String>,
    /// Which of them.
    pub selector: Selector,
    /// Whether all other certificates of their keys are meant, too.
    pub(crate) same_keys: bool,
}

/// By what certificates are selected.
///
/// By what identifies certificates, expired ones are selected too: a CRL then lists them once. By name or profile, only
/// those that have not expired.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Selector {
    /// The certificate with this SHA-256.
    Fingerprint([u8; 32]),
    /// The certificate with this serial number, those that it renewed, and those that have renewed it.
    Lineage(SerialNumber),
    /// With a name that matches.
    Name(NamePattern),
    /// Issued within the profile of this name.
    Profile(String),
    /// With this serial number.
    Serial(SerialNumber),
    /// With a key whose `SubjectPublicKeyInfo` has this SHA-256.
    Spki([u8; 32]),
}

impl Selection {
    /// Of the CA of this name.
    #[must_use]
    pub fn of(ca: impl Into<String>, selector: Selector) -> Self {
        Self {
            ca: Some(ca.into()),
            selector,
            same_keys: false,
        }
    }

    /// What this reason concerns: where a key is compromised, all certificates of it are.
    #[must_use]
    pub fn because(mut self, reason: RevocationReason) -> Self {
        self.same_keys = reason == RevocationReason::KeyCompromise;
        self
    }

    /// The same as a filter; `lineage` is that of the serial number that it names.
    pub(crate) fn filter(&self, lineage: Option<[u8; 16]>) -> Filter {
        let mut filter = Filter {
            ca: self.ca.clone(),
            ..Filter::default()
        };
        match &self.selector {
            Selector::Fingerprint(hash) => filter.fingerprint_sha256 = Some(*hash),
            Selector::Lineage(_) => filter.lineage = lineage,
            Selector::Name(pattern) => filter.name = Some(pattern.clone()),
            Selector::Profile(name) => filter.profile = Some(name.clone()),
            Selector::Serial(serial) => filter.serial = Some(serial.clone()),
            Selector::Spki(hash) => filter.spki_sha256 = Some(*hash),
        }
        filter
    }

    /// Whether a certificate in this state is meant, and not revoked yet.
    pub(crate) fn takes(&self, state: CertificateState) -> bool {
        match state {
            CertificateState::Expired => {
                !matches!(self.selector, Selector::Name(_) | Selector::Profile(_))
            }
            CertificateState::Failed => false,
            CertificateState::Reserved
            | CertificateState::Revoked
            | CertificateState::Unconfirmed
            | CertificateState::Valid => true,
        }
    }
}

impl From<Selector> for Selection {
    /// Of all CAs of the store.
    fn from(selector: Selector) -> Self {
        Self {
            ca: None,
            selector,
            same_keys: false,
        }
    }
}
