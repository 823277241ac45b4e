//! Why something encrypted is not read.

use std::error::Error;
use std::ops::RangeInclusive;

use const_oid::ObjectIdentifier;

use super::limit::Limit;
use crate::asn1::oid;

/// Why something encrypted is not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PbeError {
    /// What comes out is not what was encrypted: the password is wrong, or the file is damaged.
    #[error("the password is wrong or the file is damaged")]
    DecryptFailed,

    /// An iteration count is zero, negative or too high.
    #[error("{} iterations are asked for, allowed are {} to {}", iterations(*.got), .allowed.start(), .allowed.end())]
    IterationsOutOfRange {
        /// What is asked for; `i64::MAX` and `i64::MIN` stand for all that is beyond them, too.
        got: i64,
        /// What is allowed.
        allowed: RangeInclusive<u32>,
    },

    /// More work or memory than allowed.
    #[error("{got} {what} are asked for, allowed are {limit}")]
    LimitExceeded {
        /// Of what.
        what: Limit,
        /// What [`Limits`](crate::Limits) says.
        limit: u64,
        /// What was asked for.
        got: u64,
    },

    /// The parameters are not encoded as their RFC says.
    #[error("the parameters of the encryption are malformed")]
    Malformed(#[source] Box<dyn Error + Send + Sync>),

    /// An algorithm that is not read: unsafe, or never seen in use.
    #[error("{} is not supported", oid::describe(.oid))]
    UnsupportedAlgorithm {
        /// Its object identifier.
        oid: ObjectIdentifier,
    },

    /// A cipher that is not read, in the header of an old PEM file.
    #[error("{name} is not supported")]
    UnsupportedCipher {
        /// Its name there, cut off where it is long.
        name: String,
    },

    /// An algorithm is known, but its parameters are not ones to be trusted with.
    #[error("the parameters of the encryption are unusable: {reason}")]
    UnsupportedParameters {
        /// What is wrong with them.
        reason: &'static str,
    },
}

impl PbeError {
    /// Parameters that cannot be decoded.
    pub fn malformed(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Malformed(source.into())
    }
}

/// A number out of a file, where the ends of `i64` stand for what is beyond them.
pub fn iterations(got: i64) -> String {
    match got {
        i64::MAX => "2^63 or more".to_owned(),
        i64::MIN => "-2^63 or fewer".to_owned(),
        other => other.to_string(),
    }
}
