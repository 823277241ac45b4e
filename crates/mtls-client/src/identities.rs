//! Which of several identities a server is shown.

use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::sign::CertifiedKey;

use tls_identity::Identity as ClientIdentity;

/// One identity, or several of which each server is shown the one that fits it.
///
/// A server may say which CAs it accepts (RFC 8446 section 4.2.4, RFC 5246 section 7.4.4) and which
/// signatures. The first identity that both allow is shown: a certificate of its chain was issued by
/// one of the CAs, or the server names none, and its key can make one of the signatures. If none fits,
/// the first is shown: servers' hints are often incomplete, and a connection without a certificate is
/// never what the caller wants.
///
/// A [`ClientIdentity`] alone is one, too: wherever this is asked for, pass it as it is.
#[derive(Debug)]
pub struct Identities {
    first: ClientIdentity,
    others: Vec<ClientIdentity>,
}

impl Identities {
    /// Shows `identity`.
    #[must_use]
    pub fn new(identity: ClientIdentity) -> Self {
        Self {
            first: identity,
            others: Vec::new(),
        }
    }

    /// Shows `identity` to servers that it fits and none before it does.
    #[must_use]
    pub fn or(mut self, identity: ClientIdentity) -> Self {
        self.others.push(identity);
        self
    }

    /// Whether nothing but `identity` is shown.
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
