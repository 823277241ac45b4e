//! Why a certificate or a CRL was not given out.

use std::time::Duration;

use pki_core::{CrlBuildError, ReturnedError};
use pki_upstream::UpstreamError;
use x509_identity::SerialNumber;

use super::store::StoreError;
use crate::processes::ClockState;
use crate::record::hex;

/// A certificate that was not issued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// The evidence of the device that it was asked for with is not good, or not any more.
    #[error(transparent)]
    Attestation(#[from] AttestationError),
    /// The clock of this process is wrong, or was not compared with those of the others yet.
    #[error("{0}, and so nothing is issued")]
    Clock(ClockState),

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

    /// The certificate of the issuer itself is revoked, so that nobody accepts what it issues.
    #[error(
        "the issuing CA `{subject}` is revoked, and issues no more; `mtls ca rotate` replaces it"
    )]
    IssuerRevoked {
        /// Its subject.
        subject: String,
    },

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

    /// An upstream CA wants to see the proof that the applicant holds the key, and the order came without it.
    #[error("the upstream CA wants a certificate request, and the order has none")]
    NoCsr,

    /// The request that it is the certificate of is not approved any more.
    #[error("request {request} is not approved any more")]
    NotApproved {
        /// Its number.
        request: i64,
    },

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

    /// An upstream CA has the request, and has not decided. The same order, made again with its idempotency key, asks
    /// what became of it.
    #[error("the upstream CA has the request, and has not decided; ask again in {} s", retry_after.as_secs())]
    Pending {
        /// The [`id`](crate::CertificateRecord::id) of the reservation.
        id: i64,
        /// When to ask again.
        retry_after: Duration,
    },

    /// The certificate that is to be renewed is revoked.
    #[error("the certificate {serial} is revoked, and what is revoked is not renewed")]
    ReplacesRevoked {
        /// Its number.
        serial: SerialNumber,
    },

    /// The issuer issues no more.
    #[error("the issuing CA `{subject}` was replaced, and issues no more")]
    Retired {
        /// Its subject.
        subject: String,
    },

    /// What an upstream CA has returned is not what was approved. It was not given out, and the upstream is told to
    /// revoke it.
    #[error(
        "{upstream} has returned a certificate that is not the approved one (serial number {serial})"
    )]
    Returned {
        /// What the upstream is called.
        upstream: String,
        /// The serial number of what it has returned.
        serial: SerialNumber,
        /// The first difference.
        source: ReturnedError,
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

    /// The upstream CA did not issue it.
    #[error("the upstream CA has issued no certificate")]
    Upstream(#[source] UpstreamError),

    /// The same request is being answered for longer than
    /// [`signing_timeout`](crate::StoreOptions::signing_timeout).
    #[error("the same request is being answered; try again later")]
    UnderWay,
}

/// Why what a device sends to prove itself is refused.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AttestationError {
    /// The challenge was not used in time.
    #[error("the challenge has expired; ask for a new one")]
    ChallengeExpired,

    /// The challenge was given out for something else.
    #[error("the challenge was given out for another purpose")]
    ChallengePurpose,

    /// The CA has not given it out, or so long ago that it is forgotten.
    #[error("the CA does not know this challenge, or it has expired; ask for a new one")]
    ChallengeUnknown,

    /// The challenge was used before.
    #[error("the challenge was used already; ask for a new one")]
    ChallengeUsed,

    /// The assertion was used before, or a newer one was, or the key was copied.
    #[error("the assertion's counter is {seen}, and has to be above {previous}")]
    Counter {
        /// The counter of the last assertion that was accepted.
        previous: u32,
        /// The counter of this one.
        seen: u32,
    },

    /// A key is registered once.
    #[error("the attested key is registered already; send an assertion of it")]
    KeyRegistered,

    /// The key was never registered.
    #[error("the CA does not know the key that the assertion is signed with")]
    KeyUnknown,
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

    /// The clock of this process is wrong, or was not compared with those of the others yet.
    #[error("{0}, and so nothing is signed")]
    Clock(ClockState),

    /// The issuer has no such partition.
    #[error("the issuer has no CRL partition {0}")]
    Partition(u32),

    /// The store could not be read or written.
    #[error("the CRL could not be recorded")]
    Store(#[from] StoreError),

    /// Another CA signs what this one has issued.
    #[error("the CRLs of this CA are signed and published by {upstream}")]
    Upstream {
        /// What the upstream is called.
        upstream: String,
    },
}
