//! What we presented to a server, for the sentence about its refusal.

use std::fmt;
use std::sync::Arc;

use pki_core::verify::{Purpose, VerifyError, problems_of_leaf};
use rustls::AlertDescription;
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;
use tls_identity::Refusal;
use x509_identity::Certificate;

/// The chain that was presented on a connection, and the clock by which it is judged.
#[derive(Clone)]
pub(crate) struct Presented {
    pub(crate) identity: Arc<CertifiedKey>,
    pub(crate) clock: Arc<dyn TimeProvider>,
    /// The key makes none of the signatures that the server accepts, so TLS presented nothing in its place.
    pub(crate) withheld: bool,
}

impl Presented {
    /// What is wrong with our certificate that a server could have answered with `alert`, as far as it shows without
    /// the server's trust anchors.
    pub(crate) fn problem(&self, alert: AlertDescription) -> Option<VerifyError> {
        Refusal::reason(alert, self.problems())
    }

    fn problems(&self) -> Vec<VerifyError> {
        let Some(now) = self.clock.current_time() else {
            return Vec::new();
        };
        let leaf = self.identity.end_entity_cert().ok();
        let leaf = leaf.and_then(|der| Certificate::from_der(der).ok());
        leaf.map(|leaf| problems_of_leaf(&leaf, Purpose::TlsClient, now))
            .unwrap_or_default()
    }
}

/// Without the certificate, which is long, and the key.
impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presented").finish_non_exhaustive()
    }
}
