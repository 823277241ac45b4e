//! Why the statement of a managed device is refused.

use crate::ChainFault;

/// Why a statement is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManagedDeviceRefusal {
    /// It has not a leaf and what is above it.
    #[error("it has {seen} certificates, not 2 to 4")]
    CertificateCount {
        /// How many it has.
        seen: u64,
    },

    /// The certificates do not lead to the root.
    #[error("the certificates do not lead to Apple's root")]
    Chain(#[from] ChainFault),

    /// It is a statement of another kind.
    #[error("the statement's format is `{seen}`, not `apple`")]
    Format {
        /// The format that it names.
        seen: String,
    },

    /// It was made for another challenge, or is an old one that the device has kept.
    #[error(
        "it was made for another challenge: the freshness code in the certificate is {seen}, where {expected} is expected"
    )]
    Freshness {
        /// The SHA-256 of the challenge, in hex.
        expected: String,
        /// The freshness code, in hex.
        seen: String,
    },

    /// It says nothing of when it was made.
    #[error(
        "it does not say which challenge it was made for: the certificate has no freshness code"
    )]
    NoFreshness,

    /// The attested key is not the one of the request.
    #[error(
        "the attested key is not the key of the certificate request: {seen}, where {expected} is expected"
    )]
    Key {
        /// The SHA-256 of the key of the request, in hex.
        expected: String,
        /// The SHA-256 of the attested key, in hex.
        seen: String,
    },

    /// It cannot be read.
    #[error("{what} cannot be read")]
    Malformed {
        /// What of it.
        what: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// It is larger than any genuine one.
    #[error("it has {got} bytes, and at most {limit} are read")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
        /// Its size, in bytes.
        got: usize,
    },
}

impl ManagedDeviceRefusal {
    pub(super) fn malformed<E>(what: &'static str) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        move |source| Self::Malformed {
            what,
            source: source.into(),
        }
    }
}
