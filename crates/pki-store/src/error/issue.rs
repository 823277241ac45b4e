//! Why a certificate or a CRL was not given out.

use pki_core::CrlBuildError;
use x509_identity::SerialNumber;

use super::store::StoreError;
use crate::record::hex;

/// A certificate that was not issued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// The CRL distribution point of the profile is not where the issuer's CRL is.
    #[error("the profile names {profile} as CRL distribution point, and the CRL is at {issuer}")]
    CrlUrl {
        /// The profile's.
        profile: String,
        /// The issuer's.
        issuer: String,
    },

    /// Policy or lint refused it, or it could not be signed.
    #[error(transparent)]
    Issue(#[from] pki_core::IssueError),

    /// The key was revoked as compromised.
    #[error("the key {} was compromised; make a new one", hex(spki_sha256))]
    KeyBlocked {
        /// The SHA-256 of its `SubjectPublicKeyInfo`.
        spki_sha256: [u8; 32],
    },

    /// The key has a certificate with other names.
    #[error(
        "the key is already that of certificate {serial}, which has other names; make a new key"
    )]
    KeyInUse {
        /// The other certificate.
        serial: SerialNumber,
    },

    /// The key is that of a CA.
    #[error("the key is that of a CA; make a new one")]
    KeyOfCa,

    /// The certificate that is to be renewed is not there.
    #[error("there is no certificate {serial} that could be renewed")]
    NothingToReplace {
        /// The number.
        serial: SerialNumber,
    },

    /// The same idempotency key came with another request before.
    #[error("this idempotency key was used for another request")]
    OtherPayload,

    /// Signing took longer than it may, and the request was made again meanwhile.
    #[error("signing took too long, and the request was answered with another certificate")]
    Overtaken,

    /// The issuer issues no more.
    #[error("the issuing CA `{subject}` was replaced, and issues no more")]
    Retired {
        /// Its subject.
        subject: String,
    },

    /// The same number twice: the random numbers are not random.
    #[error("the serial number {serial} is taken")]
    SerialTaken {
        /// The number.
        serial: SerialNumber,
    },

    /// What has to be recorded cannot be. Nothing was given out.
    #[error("the certificate cannot be recorded, and so is not given out")]
    Store(#[from] StoreError),

    /// The token that it was asked for with is not good, or not any more.
    #[error(transparent)]
    Token(#[from] TokenError),

    /// More requests of this requester wait for approval than may.
    #[error("{limit} requests of yours wait for approval already")]
    TooManyPending {
        /// How many may.
        limit: u32,
    },

    /// The same request is being answered for longer than
    /// [`signing_timeout`](crate::StoreOptions::signing_timeout).
    #[error("the same request is being answered; try again later")]
    UnderWay,
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Its time is over.
    #[error("the token has expired")]
    Expired,

    /// Somebody has revoked it.
    #[error("the token was revoked")]
    Revoked,

    /// The CA has not made it.
    #[error("the CA does not know this token")]
    Unknown,

    /// It was used as often as it may be.
    #[error("the token was used already")]
    Used,
}

/// A CRL that was not signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrlError {
    /// It could not be built or signed.
    #[error(transparent)]
    Build(#[from] CrlBuildError),

    /// The issuer has no such partition.
    #[error("the issuer has no CRL partition {0}")]
    Partition(u32),

    /// The store could not be read or written.
    #[error("the CRL could not be recorded")]
    Store(#[from] StoreError),
}
