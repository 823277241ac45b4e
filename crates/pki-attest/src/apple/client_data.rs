//! What an app signs over.

use sha2::{Digest as _, Sha256};

use crate::Binding;

/// What an app has passed to the platform to be attested or asserted, and what that ties the evidence to.
#[derive(Clone, Copy, Debug)]
pub struct ClientData<'a>(Bytes<'a>);

#[derive(Clone, Copy, Debug)]
enum Bytes<'a> {
    Given(&'a [u8]),
    OfRequest([u8; 32]),
}

impl<'a> ClientData<'a> {
    /// Bytes that the caller has made, which tie the evidence to no key.
    ///
    /// For an attestation these are what the app has passed as `clientDataHash`: usually the SHA-256 of a challenge, in
    /// Apple's guide the challenge itself. For an assertion they are the client data, before any hash.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(Bytes::Given(bytes))
    }

    /// The SHA-256 of the challenge followed by the SHA-256 of the certificate request's DER: the app has asked for a
    /// certificate on this request, with this challenge.
    #[must_use]
    pub fn of_request(challenge: &[u8], request_der: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(challenge);
        hash.update(Sha256::digest(request_der));
        Self(Bytes::OfRequest(hash.finalize().into()))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.0 {
            Bytes::Given(bytes) => bytes,
            Bytes::OfRequest(hash) => hash,
        }
    }

    pub(super) fn binding(&self) -> Binding {
        match self.0 {
            Bytes::Given(_) => Binding::None,
            Bytes::OfRequest(_) => Binding::CsrHash,
        }
    }
}
