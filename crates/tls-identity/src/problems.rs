use std::time::SystemTime;

use pki_core::verify::{Purpose, VerifyError, problems_of_leaf, unix_time};

use crate::Identity;

/// What is wrong with the own certificate before any peer has seen it.
impl Identity {
    /// Why clients would refuse a server with this certificate at `now`. It may be expired or not valid yet, be for
    /// clients only, be a CA's, name no host, or have a key or signature that is too weak. Empty if nothing is wrong
    /// with it.
    ///
    /// The issuer, revocation and intermediates are not looked at; see
    /// [`problems_of_leaf`](pki_core::verify::problems_of_leaf).
    #[must_use]
    pub fn problems_as_server(&self, now: SystemTime) -> Vec<VerifyError> {
        self.problems(Purpose::TlsServer, now)
    }

    /// Why servers would refuse a client with this certificate at `now`, as far as it alone can tell.
    #[must_use]
    pub fn problems_as_client(&self, now: SystemTime) -> Vec<VerifyError> {
        self.problems(Purpose::TlsClient, now)
    }

    fn problems(&self, purpose: Purpose, now: SystemTime) -> Vec<VerifyError> {
        problems_of_leaf(self.certificate(), purpose, unix_time(now.into()))
    }
}
