//! Which of several identities is presented to a server.

use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::sign::CertifiedKey;
use tls_identity::Identity as ClientIdentity;

/// One identity or several. Each server is presented the one that fits it.
///
/// A server may say which CAs it accepts (RFC 8446 section 4.2.4, RFC 5246 section 7.4.4) and which signatures. An
/// identity fits if one of the CAs issued a certificate of its chain, or the server names no CA, and if its key can
/// make one of the signatures. The first identity that fits is presented. If none fits, the first of all is presented:
/// servers' hints are often incomplete, and a connection without a certificate is never what the caller wants.
///
/// Wherever this is expected, a [`ClientIdentity`] can be passed as it is.
#[derive(Debug)]
pub struct Identities(Vec<ClientIdentity>);

impl Identities {
    /// Presents `identity` to every server.
    #[must_use]
    pub fn new(identity: ClientIdentity) -> Self {
        Self(vec![identity])
    }

    /// Presents `identity` to servers that it fits and that no identity before it fits.
    #[must_use]
    pub fn or(mut self, identity: ClientIdentity) -> Self {
        self.0.push(identity);
        self
    }

    /// Presents no certificate: to get the first one.
    #[cfg(feature = "enroll")]
    pub(crate) fn none() -> Self {
        Self(Vec::new())
    }

    /// Whether `identity` is the only one.
    pub(crate) fn is_only(&self, identity: &ClientIdentity) -> bool {
        // Each belongs to its key, so the same certificates mean the same key.
        matches!(self.0.as_slice(), [only] if only.certified_key().cert == identity.certified_key().cert)
    }

    /// The one for a server that accepts the CAs `issuers` (DER names; any if empty) and `schemes`.
    pub(crate) fn fitting(
        &self,
        issuers: &[&[u8]],
        schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        let fits = |identity: &&ClientIdentity| {
            let issued = issuers.is_empty() || identity.is_issued_by_any(issuers);
            issued
                && identity
                    .certified_key()
                    .key
                    .choose_scheme(schemes)
                    .is_some()
        };
        let found = self.0.iter().find(fits).or(self.0.first())?;
        Some(Arc::clone(found.certified_key()))
    }
}

impl From<ClientIdentity> for Identities {
    fn from(identity: ClientIdentity) -> Self {
        Self::new(identity)
    }
}
