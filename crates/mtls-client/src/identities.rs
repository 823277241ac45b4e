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
pub struct Identities {
    first: ClientIdentity,
    others: Vec<ClientIdentity>,
}

impl Identities {
    /// Presents `identity` to every server.
    #[must_use]
    pub fn new(identity: ClientIdentity) -> Self {
        Self {
            first: identity,
            others: Vec::new(),
        }
    }

    /// Presents `identity` to servers that it fits and that no identity before it fits.
    #[must_use]
    pub fn or(mut self, identity: ClientIdentity) -> Self {
        self.others.push(identity);
        self
    }

    /// Whether `identity` is the only one.
    pub(crate) fn is_only(&self, identity: &ClientIdentity) -> bool {
        // Each belongs to its key, so the same certificates mean the same key.
        self.others.is_empty() && self.first.certified_key().cert == identity.certified_key().cert
    }

    /// The one for a server that accepts the CAs `issuers` (DER names; any if empty) and `schemes`.
    pub(crate) fn fitting(
        &self,
        issuers: &[&[u8]],
        schemes: &[SignatureScheme],
    ) -> Arc<CertifiedKey> {
        let fits = |identity: &&ClientIdentity| {
            let issued = issuers.is_empty() || identity.is_issued_by_any(issuers);
            issued
                && identity
                    .certified_key()
                    .key
                    .choose_scheme(schemes)
                    .is_some()
        };
        let found = std::iter::once(&self.first)
            .chain(&self.others)
            .find(fits)
            .unwrap_or(&self.first);
        Arc::clone(found.certified_key())
    }
}

impl From<ClientIdentity> for Identities {
    fn from(identity: ClientIdentity) -> Self {
        Self::new(identity)
    }
}
