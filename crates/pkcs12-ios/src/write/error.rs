//! Why a bundle is not written.

use std::error::Error;
use std::ops::RangeInclusive;

use x509_identity::ParseError;

use crate::link::BrokenLink;

type Source = Box<dyn Error + Send + Sync>;

/// Why no bundle was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A certificate of the chain did not issue the one before it.
    #[error(
        "certificate {index} of the chain (0 is the leaf's issuer) does not continue it: {reason}"
    )]
    ChainBroken {
        /// Where in the chain, counted from 0.
        index: usize,
        /// Why not.
        reason: BrokenLink,
    },

    /// The password is empty, and readers do not agree on what an empty password is.
    #[error("the password is empty")]
    EmptyPassword,

    /// A part could not be encoded.
    #[error("the bundle could not be encoded")]
    Encode(#[source] Source),

    /// The friendly name is empty or too long (RFC 2985 section 5.5.1 allows 255 characters).
    #[error("the friendly name has {got} characters, allowed are 1 to 255")]
    FriendlyNameLength {
        /// How many it has.
        got: usize,
    },

    /// The friendly name has a NUL, or a character that a BMPString cannot hold.
    #[error("character {index} of the friendly name cannot be written as a BMPString")]
    FriendlyNameNotBmp {
        /// Which character, counted from 0.
        index: usize,
    },

    /// The iteration count is one that readers refuse or that protects nothing.
    #[error("{got} iterations are outside {} to {}", .allowed.start(), .allowed.end())]
    IterationsOutOfRange {
        /// What was asked for.
        got: u32,
        /// What is allowed.
        allowed: RangeInclusive<u32>,
    },

    /// The certificate is for another key.
    #[error("the private key does not belong to the certificate")]
    KeyCertMismatch,

    /// The leaf is a certificate authority, and its key has no place on a device.
    #[error("the certificate is a CA certificate, not one for a client or server")]
    LeafIsCa,

    /// A certificate could not be read.
    #[error("{} could not be read", certificate_at(.index))]
    MalformedCertificate {
        /// Where in the chain, counted from 0; none for the leaf.
        index: Option<usize>,
        /// What is wrong with it.
        #[source]
        source: ParseError,
    },

    /// A certificate is PEM text, and DER was expected.
    #[error("{} is PEM text, and DER is expected", certificate_at(.index))]
    PemCertificate {
        /// Where in the chain, counted from 0; none for the leaf.
        index: Option<usize>,
    },

    /// The password has a NUL, or a character that not every reader takes.
    #[error("character {index} of the password is not printable ASCII, which some readers refuse")]
    PasswordNotPortable {
        /// Which character, counted from 0.
        index: usize,
    },

    /// The password is so long that readers fail.
    #[error("the password has {got} bytes, more than the {limit} that every reader takes")]
    PasswordTooLong {
        /// The most that is written.
        limit: usize,
        /// How many it has, in UTF-8.
        got: usize,
    },

    /// The random source failed.
    #[error("the random source failed")]
    Random,
}

impl BuildError {
    pub(crate) fn encode(source: impl Into<Source>) -> Self {
        Self::Encode(source.into())
    }
}

fn certificate_at(index: &Option<usize>) -> String {
    match index {
        None => "the certificate".to_owned(),
        Some(index) => format!("certificate {index} of the chain"),
    }
}
