//! Why something is not as fresh as it should be.

use pki_store::{CrlError, IssueError, StoreError};

/// What could not be signed or published. What was published before stays, and it is tried again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// A CRL that is due was not signed.
    #[error("{path} could not be signed")]
    Crl {
        /// Its path.
        path: String,
        /// Why not.
        source: CrlError,
    },

    /// No CRL is published at all, and no upstream CA publishes them.
    #[error("no CRL is published: the store has none, and none could be signed")]
    NoCrl,

    /// No OCSP responder could be appointed for an issuer.
    #[error("no certificate was issued for the OCSP responder of {issuer}")]
    Responder {
        /// The issuer's name.
        issuer: String,
        /// Why not.
        source: IssueError,
    },

    /// No key could be made for a responder.
    #[error("no key could be made for the OCSP responder of {issuer}")]
    ResponderKey {
        /// The issuer's name.
        issuer: String,
        /// Why not.
        source: pki_core::KeyError,
    },

    /// The store could not be read.
    #[error("what is published cannot be brought up to date")]
    Store(#[source] StoreError),
}
