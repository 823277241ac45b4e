//! A verified path, parsed.

use std::sync::Arc;

use rustls_pki_types::{CertificateDer, ServerName};
use x509_identity::{Certificate, SubjectAltName};

use super::VerifyError;

/// A path that was verified, from the leaf to a trust anchor. Cheap to clone.
///
/// Only [`ChainVerifier`](super::ChainVerifier) makes one.
#[derive(Clone, Debug)]
pub struct Path {
    pub(super) leaf: Arc<Certificate>,
    pub(super) intermediates: Vec<Arc<Certificate>>,
    pub(super) anchor: Arc<Certificate>,
}

impl Path {
    /// The certificate that the peer proves itself with.
    #[must_use]
    pub fn leaf(&self) -> &Arc<Certificate> {
        &self.leaf
    }

    /// The CAs between leaf and trust anchor, the leaf's issuer first. Certificates that the peer sent and the
    /// path does not need are not among them.
    #[must_use]
    pub fn intermediates(&self) -> &[Arc<Certificate>] {
        &self.intermediates
    }

    /// The trust anchor, as the trust bundle has it.
    #[must_use]
    pub fn anchor(&self) -> &Arc<Certificate> {
        &self.anchor
    }

    /// All of them, leaf first, trust anchor last.
    pub fn certificates(&self) -> impl DoubleEndedIterator<Item = &Arc<Certificate>> {
        std::iter::once(&self.leaf)
            .chain(&self.intermediates)
            .chain(std::iter::once(&self.anchor))
    }

    /// Whether the leaf is for `name` (RFC 9525: subject alternative names only, a wildcard stands for
    /// one whole left-most label, an address matches an iPAddress only).
    ///
    /// # Errors
    ///
    /// [`VerifyError::NameMismatch`] with the names that the leaf is for.
    pub fn check_server_name(&self, name: &ServerName<'_>) -> Result<(), VerifyError> {
        let der = CertificateDer::from(self.leaf.der());
        let matches = webpki::EndEntityCert::try_from(&der)
            .and_then(|leaf| leaf.verify_is_valid_for_subject_name(name));
        matches.map_err(|_| VerifyError::NameMismatch {
            wanted: name.to_str().into_owned(),
            presented: self
                .leaf
                .sans()
                .iter()
                .filter_map(server_identity)
                .collect(),
        })
    }
}

fn server_identity(name: &SubjectAltName) -> Option<String> {
    matches!(name, SubjectAltName::Dns(_) | SubjectAltName::Ip(_)).then(|| name.to_string())
}

/// How a message names a certificate: its subject, else its first alternative name, else its serial number.
pub(crate) fn label(certificate: &Certificate) -> String {
    let subject = certificate.subject();
    match certificate.sans().first() {
        _ if !subject.rdns().is_empty() => subject.to_string(),
        Some(name) => name.to_string(),
        None => format!("the certificate with serial {}", certificate.serial()),
    }
}
