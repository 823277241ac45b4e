//! A verified path, parsed.

use std::sync::Arc;

use rustls_pki_types::{CertificateDer, ServerName};
use time::OffsetDateTime;
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
    pub(super) without_client_auth_until: Option<OffsetDateTime>,
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

    /// The first moment at which it is no longer accepted, if it was accepted without clientAuth
    /// ([`WithoutClientAuth`](super::WithoutClientAuth)).
    #[must_use]
    pub fn without_client_auth_until(&self) -> Option<OffsetDateTime> {
        self.without_client_auth_until
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
        matches.map_err(|_| self.name_mismatch(name))
    }

    fn name_mismatch(&self, name: &ServerName<'_>) -> VerifyError {
        let (mut presented, mut unmatchable) = (Vec::new(), Vec::new());
        for san in self.leaf.sans() {
            match san {
                SubjectAltName::Dns(name) if !is_host_pattern(name) => {
                    unmatchable.push(name.to_string());
                }
                SubjectAltName::Dns(_) | SubjectAltName::Ip(_) => presented.push(san.to_string()),
                _ => {}
            }
        }
        VerifyError::NameMismatch {
            wanted: name.to_str().into_owned(),
            presented,
            unmatchable,
        }
    }
}

/// Whether a server can be dialled by this dNSName (RFC 9525 section 6.3): a host name, or `*.` and one.
fn is_host_pattern(name: &str) -> bool {
    let host = name.strip_prefix("*.").unwrap_or(name);
    !host.ends_with('.') && matches!(ServerName::try_from(host), Ok(ServerName::DnsName(_)))
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
