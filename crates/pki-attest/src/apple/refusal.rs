//! Why evidence of Apple's is refused.

use super::{AppId, Category, Environment};
use crate::ChainFault;

/// Why an attestation or an assertion is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppleRefusal {
    /// It is larger than any genuine one.
    #[error("it has {got} bytes, and at most {limit} are read")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
        /// Its size, in bytes.
        got: usize,
    },

    /// It is not CBOR of the form that Apple describes.
    #[error("{what} cannot be read")]
    Malformed {
        /// What of it.
        what: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// It is a statement of another kind.
    #[error("the statement's format is `{seen}`, not `apple-appattest`")]
    Format {
        /// The format that it names.
        seen: String,
    },

    /// It has not exactly a leaf and an intermediate.
    #[error("it has {seen} certificates, not two")]
    CertificateCount {
        /// How many it has.
        seen: u64,
    },

    /// The certificates do not lead to the root.
    #[error("the certificates do not lead to Apple's root")]
    Chain(#[from] ChainFault),

    /// It was made for other client data, which have the challenge in them.
    #[error("it was made for another challenge: the nonce in the certificate is another one")]
    Nonce,

    /// The key's identifier is not that of the attested key.
    #[error("the attested key is not the one that the app names")]
    KeyId,

    /// It was made by another app.
    #[error("it was made by another app than `{expected}`")]
    App {
        /// The app that was expected.
        expected: AppId,
    },

    /// The key has been used already.
    #[error("the counter of a key that has just been attested is {seen}, not 0")]
    Used {
        /// The counter.
        seen: u32,
    },

    /// It comes from an environment that is not accepted.
    #[error("the environment `{seen}` is not accepted")]
    Environment {
        /// The environment.
        seen: Environment,
    },

    /// It does not say which environment it comes from.
    #[error("the authenticator is not Apple's: its AAGUID is {seen}")]
    Authenticator {
        /// The AAGUID in hex.
        seen: String,
    },

    /// The key in the authenticator data is not that of the certificate.
    #[error("the key in the authenticator data is not the key of the certificate")]
    PublicKey,

    /// The app came onto the device in a way that is not accepted.
    #[error("{}", match seen {
        Some(seen) => format!("apps of the category `{seen}` are not accepted"),
        None => "it does not say how the app came onto the device, which is asked for".to_owned(),
    })]
    Category {
        /// The category, if it has one.
        seen: Option<Category>,
    },

    /// The assertion is not signed with the attested key, over these client data.
    #[error("the assertion is not signed over these client data with the attested key")]
    Signature,

    /// The assertion was used before, or the key was copied.
    #[error("the assertion's counter is {seen}, and has to be above {previous}")]
    Counter {
        /// The counter of the last assertion.
        previous: u32,
        /// The counter of this one.
        seen: u32,
    },
}

impl AppleRefusal {
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
