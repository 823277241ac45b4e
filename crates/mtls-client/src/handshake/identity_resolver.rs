//! Which certificate is presented: always one.

use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;

use crate::handshake::context::HandshakeContext;
use crate::identities::Identities;

/// Presents a certificate of one generation to every server that requests one.
#[derive(Debug)]
pub(crate) struct IdentityResolver(pub(crate) Arc<Identities>);

impl ResolvesClientCert for IdentityResolver {
    fn resolve(&self, issuers: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let identity = self.0.fitting(issuers, schemes)?;
        let withheld = identity.key.choose_scheme(schemes).is_none();
        HandshakeContext::note_presented(&identity, withheld);
        Some(identity)
    }

    fn has_certs(&self) -> bool {
        true
    }
}
