//! Why a key in a token cannot be used.

use std::path::PathBuf;

use cryptoki::error::{Error, RvError};
use pki_core::CsrBuildError;

/// A dependency's error, kept as the cause.
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A token or a key in it that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// More than one key is what the URI describes.
    #[error("the token has {count} keys that are {wanted}; name one of them by its id")]
    AmbiguousKey {
        /// What the URI says about the key.
        wanted: String,
        /// How many there are.
        count: usize,
    },

    /// More than one token is what the URI describes.
    #[error("there are {count} tokens that are {wanted}; name one of them by its serial number")]
    AmbiguousToken {
        /// What the URI says about the token.
        wanted: String,
        /// How many there are.
        count: usize,
    },

    /// A key with that name is there already.
    #[error("the token already has a key that is {wanted}")]
    KeyExists {
        /// What the URI says about the key.
        wanted: String,
    },

    /// The module cannot be loaded, or is not one.
    #[error("the PKCS#11 module {} cannot be loaded", path.display())]
    Load {
        /// Where it should be.
        path: PathBuf,
        /// What the loader said.
        source: BoxError,
    },

    /// The URI names no key: a new one has to have a name.
    #[error("the URI does not say what the key is called (object=NAME)")]
    NoName,

    /// No key is what the URI describes.
    #[error("the token has no key that is {wanted}")]
    NoKey {
        /// What the URI says about the key.
        wanted: String,
    },

    /// No token is what the URI describes.
    #[error("there is no token that is {wanted}")]
    NoToken {
        /// What the URI says about the token.
        wanted: String,
    },

    /// The token has the private key, and not the public one, which the certificate needs.
    #[error("the token has no public key beside the private key that is {wanted}")]
    NoPublicKey {
        /// What the URI says about the key.
        wanted: String,
    },

    /// The wrong PIN. After a few of them tokens lock themselves.
    #[error("the PIN is wrong")]
    Pin,

    /// The token takes no PIN any more: too many were wrong, or it is too old.
    #[error("the token takes no PIN any more: it is locked or has expired")]
    PinLocked,

    /// The public key in the token is not the private key's, or the token does not sign as it should.
    #[error("what the key signs cannot be verified by its public key in the token")]
    SelfCheck(#[source] CsrBuildError),

    /// The token failed.
    #[error("the token failed")]
    Token(#[source] BoxError),

    /// A kind of key that is not used.
    #[error("the key is of a kind that is not used: {found}")]
    Unsupported {
        /// What was found.
        found: String,
    },
}

impl TokenError {
    pub(crate) fn token(source: Error) -> Self {
        match source {
            Error::Pkcs11(RvError::PinExpired | RvError::PinLocked, _) => Self::PinLocked,
            Error::Pkcs11(
                RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange,
                _,
            ) => Self::Pin,
            source => Self::Token(source.into()),
        }
    }

    pub(crate) fn unsupported(found: impl Into<String>) -> Self {
        let found = found.into();
        Self::Unsupported { found }
    }
}
