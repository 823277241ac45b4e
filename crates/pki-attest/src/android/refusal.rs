//! Why evidence of Android's is refused.

use time::OffsetDateTime;

use super::description::{Origin, SecurityLevel, VerifiedBootState};
use super::patch_level::PatchLevel;
use super::tlv::TlvError;
use crate::ChainFault;

/// Why an attestation is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AndroidRefusal {
    /// The chain is too short or too long.
    #[error("the chain has {seen} certificates, not 3 to 10")]
    ChainLength {
        /// How many it has.
        seen: usize,
    },

    /// The chain has more or fewer certificates than one of its kind.
    #[error(
        "the chain has {seen} certificates, where a device with these intermediates has {expected}"
    )]
    ChainShape {
        /// How many a genuine one has.
        expected: usize,
        /// How many it has.
        seen: usize,
    },

    /// The root's key is none of those that are trusted.
    #[error("the chain ends in `{subject}`, whose key is none of the roots'")]
    UnknownRoot {
        /// The subject of the last certificate.
        subject: String,
    },

    /// One certificate is not issued by the next.
    #[error("the chain does not hold")]
    Chain(#[from] ChainFault),

    /// The certificate of the key comes last.
    #[error(
        "the chain is the wrong way round: the certificate of the key comes last, and has to come first"
    )]
    WrongOrder,

    /// A certificate above the leaf has the description: somebody has added certificates below an attested key.
    #[error("`{subject}` describes a key, and stands above the leaf: the chain was extended")]
    ChainExtended {
        /// Its subject.
        subject: String,
    },

    /// The leaf says nothing of its key.
    #[error("the certificate of the key has no description of the key")]
    NoDescription,

    /// The description cannot be read.
    #[error(transparent)]
    Description(#[from] DescriptionError),

    /// Google has withdrawn one of the certificates.
    #[error("the certificate with the serial number {serial} is {status}{}", match reason {
        Some(reason) => format!(": {reason}"),
        None => String::new(),
    })]
    Withdrawn {
        /// Its serial number in lower-case hex.
        serial: String,
        /// `REVOKED` or `SUSPENDED`, in lower case.
        status: String,
        /// Why, if the list says so.
        reason: Option<String>,
    },

    /// There is no status list, and the policy asks for one.
    #[error("there is no list of withdrawn certificates, which the policy asks for")]
    NoStatusList,

    /// The status list is too old.
    #[error(
        "the list of withdrawn certificates was fetched on {fetched}, and may be {max_age_hours} h old"
    )]
    StatusListTooOld {
        /// When it was fetched.
        fetched: OffsetDateTime,
        /// The most hours.
        max_age_hours: u32,
    },

    /// It was made for another challenge.
    #[error("it was made for another challenge: {seen}, where {expected} is expected")]
    Challenge {
        /// The challenge that the app was given, in hex.
        expected: String,
        /// The challenge of the evidence, in hex.
        seen: String,
    },

    /// The attested key is not the one of the request.
    #[error(
        "the attested key is not the key of the certificate request: {seen}, where {expected} is expected"
    )]
    Key {
        /// The SHA-256 of the key of the request, in hex.
        expected: String,
        /// The SHA-256 of the attested key, in hex.
        seen: String,
    },

    /// The key was not made where it is kept.
    #[error("the key's origin is {}, not GENERATED in hardware", match seen {
        Some(seen) => format!("{seen:?}").to_uppercase(),
        None => "unknown".to_owned(),
    })]
    Origin {
        /// What the hardware says of it.
        seen: Option<Origin>,
    },

    /// The key may be used for something that a key of a certificate must not be used for, or not to sign.
    #[error(
        "the key is for the purposes {seen:?}: it has to sign (2), and neither import (5) nor attest others (7)"
    )]
    Purposes {
        /// Its purposes, by number.
        seen: Vec<i128>,
    },

    /// Attestation and key are kept in different places.
    #[error("the attestation was made by {attestation:?}, and the key is kept by {key:?}")]
    SecurityLevels {
        /// Where the attestation was made.
        attestation: SecurityLevel,
        /// Where the key is kept.
        key: SecurityLevel,
    },

    /// The key is kept where it is easier to take out of.
    #[error("the key is kept by {seen:?}, where at least {expected:?} is asked for")]
    SecurityLevel {
        /// The least that is asked for.
        expected: SecurityLevel,
        /// Where it is kept.
        seen: SecurityLevel,
    },

    /// The description speaks of a StrongBox, and the device's certificates do not.
    #[error(
        "the key is said to be kept by StrongBox, and the device's certificates are not those of a StrongBox"
    )]
    NoStrongBox,

    /// Nothing says what the device has booted.
    #[error("the hardware does not say what the device has booted")]
    NoRootOfTrust,

    /// The bootloader is unlocked.
    #[error("the device's bootloader is unlocked")]
    Unlocked,

    /// The operating system is not the manufacturer's.
    #[error("the operating system that was booted is {seen:?}, not VERIFIED")]
    Boot {
        /// What the bootloader made of it.
        seen: VerifiedBootState,
    },

    /// The operating system lacks fixes.
    #[error("the patch level is {}, where at least {expected} is asked for", match seen {
        Some(seen) => seen.to_string(),
        None => "unknown".to_owned(),
    })]
    PatchLevel {
        /// The least that is asked for, as `YYYYMM`.
        expected: u32,
        /// The device's.
        seen: Option<PatchLevel>,
    },

    /// The app is none of those that are accepted.
    #[error(
        "the app is {}, where {} is expected",
        match seen.as_slice() {
            [] => "unknown".to_owned(),
            seen => seen.join(", "),
        },
        expected.join(" or ")
    )]
    App {
        /// The apps that are accepted, by name, version and signer.
        expected: Vec<String>,
        /// Its packages, by name, version and signers.
        seen: Vec<String>,
    },
}

/// The description of a key does not have the form that it should have.
#[derive(Debug, thiserror::Error)]
#[error("the description of the key cannot be read")]
pub struct DescriptionError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl DescriptionError {
    pub(super) fn new(source: TlvError) -> Self {
        Self(Box::new(source))
    }
}
