//! Why an upstream did not do what it was asked.

use std::error::Error;

/// An upstream CA, or the way to it, has failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpstreamError {
    /// It does not accept who asks: a token that has expired, or may not do this.
    #[error("{upstream} does not accept our credential{said}")]
    Credential {
        /// What it is called.
        upstream: String,
        /// What it says about it, after a colon, or nothing.
        said: String,
    },

    /// It has decided against the request.
    #[error("{upstream} refuses the certificate{said}")]
    Refused {
        /// What it is called.
        upstream: String,
        /// What it says about it, after a colon, or nothing.
        said: String,
    },

    /// Its answer is not one that it should give, or none came in time: whether it has issued a certificate is not known.
    #[error("{upstream} gave no usable answer")]
    Unclear {
        /// What it is called.
        upstream: String,
        /// What is wrong.
        source: Box<dyn Error + Send + Sync>,
    },

    /// It was not reached, or is not ready: sealed, standing by, overloaded. Nothing was issued.
    #[error("{upstream} is not available")]
    Unavailable {
        /// What it is called.
        upstream: String,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },

    /// The request cannot be put in its words. It was not asked.
    #[error("{upstream} cannot be asked for this: {reason}")]
    Unsupported {
        /// What it is called.
        upstream: String,
        /// What it does not know.
        reason: String,
    },
}

impl UpstreamError {
    /// Whether it is certain that no certificate was issued.
    #[must_use]
    pub fn nothing_was_issued(&self) -> bool {
        !matches!(self, Self::Unclear { .. })
    }

    /// Whether the upstream has decided, so that asking again changes nothing.
    #[must_use]
    pub fn is_decision(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Unsupported { .. })
    }
}
