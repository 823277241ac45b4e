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
    #[error("it was made for another challenge: the nonce in the certificate is {}, where {expected} is expected", seen.as_deref().unwrap_or("missing"))]
    Nonce {
        /// The hash of the authenticator data and the client data, in hex.
        expected: String,
        /// The nonce, in hex, if the certificate has one.
        seen: Option<String>,
    },

    /// The key's identifier is not that of the attested key.
    #[error("the attested key is {seen}, where {expected} is expected")]
    KeyId {
        /// The identifier that is expected, in hex.
        expected: String,
        /// The other one, in hex.
        seen: String,
    },

    /// It was made by another app.
    #[error("it was made by another app than `{expected}`: by the one whose SHA-256 is {seen}")]
    App {
        /// The app that was expected.
        expected: AppId,
        /// The SHA-256 of the identifier of the app that has made it, in hex.
        seen: String,
    },

    /// The key has been used already.
    #[error("the counter of a key that has just been attested is {seen}, not 0")]
    Used {
        /// The counter.
        seen: u32,
    },

    /// It comes from an environment that is not accepted.
    #[error("the environment is `{seen}`, where {} is expected", any_of(expected))]
    Environment {
        /// Those that are accepted.
        expected: Vec<Environment>,
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
    #[error("the key in the authenticator data is {seen}, and that of the certificate {expected}")]
    PublicKey {
        /// The SHA-256 of the point of the certificate's key, in hex.
        expected: String,
        /// The same of the other one.
        seen: String,
    },

    /// The app came onto the device in a way that is not accepted.
    #[error("{}", match seen {
        Some(seen) => format!("the category of the app is `{seen}`, where {} is expected", any_of(expected)),
        None => format!("it does not say how the app came onto the device, where {} is expected", any_of(expected)),
    })]
    Category {
        /// Those that are accepted.
        expected: Vec<Category>,
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

fn any_of(names: &[impl std::fmt::Display]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "none".to_owned(),
        names => names.join(" or "),
    }
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
