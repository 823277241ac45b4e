//! Why a file is not read.

use std::error::Error;
use std::ops::RangeInclusive;

use const_oid::ObjectIdentifier;
use pbe::PbeError;

use super::place::{Limit, Place};

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file is text in base64, as it is sent by mail, and its bytes have to be decoded first.
    #[error(
        "the file is base64 text, not PKCS#12 in DER; decode it first (openssl base64 -d -in FILE -out FILE.p12)"
    )]
    Base64,

    /// The file is of another version than 3, the only one there is.
    #[error("PKCS#12 version {} is not known, only 3 is", pbe::iterations(*.got))]
    BadVersion {
        /// The version it names; `i64::MAX` and `i64::MIN` stand for all that is beyond them, too.
        got: i64,
    },

    /// A part could not be decrypted, although the MAC is right (or absent).
    #[error("the {place} could not be decrypted")]
    DecryptFailed {
        /// Which part.
        place: Place,
    },

    /// An iteration count is zero, negative or too high.
    #[error("the {place} asks for {} iterations, allowed are {} to {}", pbe::iterations(*.got), .allowed.start(), .allowed.end())]
    IterationsOutOfRange {
        /// Which part.
        place: Place,
        /// What it asks for; `i64::MAX` and `i64::MIN` stand for all that is beyond them, too.
        got: i64,
        /// What is allowed.
        allowed: RangeInclusive<u32>,
    },

    /// The file is larger, deeper or dearer than allowed.
    #[error("the file has {got} {what}, allowed are {limit}")]
    LimitExceeded {
        /// Of what.
        what: Limit,
        /// What [`Limits`](crate::Limits) says.
        limit: u64,
        /// What was found, as far as it was counted.
        got: u64,
    },

    /// The MAC does not match: the password is wrong, or the file is damaged.
    #[error(
        "the password is wrong or the file is damaged; give the password that it was exported with"
    )]
    MacMismatch,

    /// There is no MAC, so it is not known whether the file is whole.
    #[error("the file has no MAC; export it again, with a password")]
    MacMissing,

    /// A part is not encoded as RFC 7292 says.
    #[error("the {place} is malformed; export the file again")]
    Malformed {
        /// Which part.
        place: Place,
        /// What is wrong with it.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },

    /// The file is not PKCS#12, not BER, or cut off.
    #[error("not a PKCS#12 file (.p12, .pfx), or cut off: no valid BER at byte {offset}")]
    NotPkcs12 {
        /// Where reading stopped.
        offset: usize,
    },

    /// The file is PEM text, and PKCS#12 files are DER.
    #[error("the file is PEM text ({label}), not PKCS#12 in DER; {}", instead_of_pem(.label))]
    Pem {
        /// What its first line says that it holds: `CERTIFICATE`, `PRIVATE KEY`.
        label: String,
    },

    /// Something follows after the end.
    #[error("{len} bytes follow after the end of the file's structure; export it again")]
    TrailingData {
        /// How many bytes.
        len: usize,
    },

    /// An algorithm or form that is not read here: unsafe, or never seen in use.
    #[error("the {place} uses {}, which is not supported; export the file again, with AES-256 and SHA-256", pbe::oid::describe(.oid))]
    UnsupportedAlgorithm {
        /// Its object identifier.
        oid: ObjectIdentifier,
        /// Which part.
        place: Place,
    },

    /// An algorithm is known, but its parameters are not ones to be trusted with.
    #[error("the {place} has unusable parameters: {reason}")]
    UnsupportedParameters {
        /// Which part.
        place: Place,
        /// What is wrong with them.
        reason: &'static str,
    },
}

/// What to do with a PEM file.
fn instead_of_pem(label: &str) -> &'static str {
    match label {
        "PKCS12" => "decode what is between its first and last line (openssl base64 -d)",
        _ => {
            "make a bundle of the key and its certificate (openssl pkcs12 -export -inkey KEY -in CERTIFICATE -out FILE.p12)"
        }
    }
}

impl ReadError {
    /// Whether it is about how one thing is encrypted, and not about what the file is or costs.
    pub(crate) fn is_about_protection(&self) -> bool {
        matches!(
            self,
            Self::IterationsOutOfRange { .. }
                | Self::LimitExceeded {
                    what: Limit::SaltLen,
                    ..
                }
                | Self::UnsupportedAlgorithm { .. }
                | Self::UnsupportedParameters { .. }
        )
    }

    pub(crate) fn malformed(place: Place) -> impl FnOnce(der::Error) -> Self {
        move |source| Self::Malformed {
            place,
            source: source.into(),
        }
    }

    /// What `pbe` says of one part.
    pub(crate) fn encryption(place: Place) -> impl Fn(PbeError) -> Self + Copy {
        move |error| match error {
            PbeError::DecryptFailed => Self::DecryptFailed { place },
            PbeError::IterationsOutOfRange { got, allowed } => Self::IterationsOutOfRange {
                place,
                got,
                allowed,
            },
            PbeError::LimitExceeded { what, limit, got } => Self::LimitExceeded {
                what: what.into(),
                limit,
                got,
            },
            PbeError::UnsupportedAlgorithm { oid } => Self::UnsupportedAlgorithm { oid, place },
            PbeError::UnsupportedParameters { reason } => {
                Self::UnsupportedParameters { place, reason }
            }
            PbeError::Malformed(source) => Self::Malformed { place, source },
            other => Self::Malformed {
                place,
                source: other.into(),
            },
        }
    }
}
