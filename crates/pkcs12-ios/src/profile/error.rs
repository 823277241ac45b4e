//! Why no profile was made, and why it was not signed.

use time::OffsetDateTime;
use x509_identity::ParseError;

use crate::link::BrokenLink;

/// Why no profile was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// A name that a user would see has characters that XML cannot carry.
    #[error("the {field} has control characters")]
    ControlCharacters {
        /// Which one.
        field: &'static str,
    },

    /// There is nothing in it.
    #[error("the profile has neither a certificate nor a bundle nor an enrolment")]
    Empty,

    /// The XML could not be written.
    #[error("the profile could not be encoded")]
    Encode(#[source] Box<dyn std::error::Error + Send + Sync>),

    /// The identifier is not one that keeps profiles apart.
    #[error("the identifier {got:?} is not made of letters, digits, hyphens and dots")]
    Identifier {
        /// What was given.
        got: String,
    },

    /// A certificate cannot be read.
    #[error("a certificate for the profile cannot be read")]
    MalformedCertificate(#[source] ParseError),

    /// A root that did not sign itself: a device would not offer to trust it.
    #[error("{subject} is not a root certificate, as it did not sign itself")]
    NotARoot {
        /// Its subject.
        subject: String,
    },

    /// An intermediate that is not a CA certificate, or a root in its place.
    #[error("{subject} is not an intermediate certificate")]
    NotAnIntermediate {
        /// Its subject.
        subject: String,
    },

    /// A part of the subject that a device is to ask for is not a name or has no value.
    #[error("the subject {got:?} is not made of parts such as CN=alice")]
    Subject {
        /// What was given.
        got: String,
    },

    /// The URL of the server is not one that a device would use.
    #[error("{got:?} is not {expected}")]
    Url {
        /// What was given.
        got: String,
        /// What it should be.
        expected: &'static str,
    },
}

/// Why a profile was not signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignProfileError {
    /// Apple reads signatures of RSA and ECDSA alone.
    #[error(
        "devices do not verify a profile that is signed with this kind of key: use RSA, P-256, P-384 or P-521"
    )]
    Algorithm,

    /// A certificate of the chain did not issue the one before it.
    #[error("certificate {position} of the signer's chain is out of place: {reason}")]
    ChainBroken {
        /// Its place, from 1: the signer's certificate is the first.
        position: usize,
        /// What is wrong with it.
        reason: BrokenLink,
    },

    /// The signature or a part of it could not be encoded.
    #[error("the signature could not be encoded")]
    Encode(#[source] Box<dyn std::error::Error + Send + Sync>),

    /// The certificate is not for signing: its key usage lacks digitalSignature.
    #[error(
        "the certificate {subject} may not be used for signatures: its key usage lacks digitalSignature"
    )]
    KeyUsage {
        /// Its subject.
        subject: String,
    },

    /// The certificate is that of another key.
    #[error("the key is not that of the certificate {subject}")]
    KeyCertMismatch {
        /// Its subject.
        subject: String,
    },

    /// There is no certificate of the signer.
    #[error("the signer has no certificate")]
    NoCertificate,

    /// The certificate is not valid now. A device would call the profile unverified.
    #[error("the certificate {subject} is valid from {from} to {to}, and not now")]
    NotValidNow {
        /// Its subject.
        subject: String,
        /// notBefore.
        from: OffsetDateTime,
        /// notAfter.
        to: OffsetDateTime,
    },

    /// The profile itself could not be written.
    #[error("the profile could not be written")]
    Profile(#[source] ProfileError),

    /// The signer refused or failed.
    #[error("the profile could not be signed")]
    Sign(#[source] pki_core::SignError),
}

impl SignProfileError {
    pub(crate) fn encode(source: der::Error) -> Self {
        Self::Encode(source.into())
    }
}
