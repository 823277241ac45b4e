//! Orders, their authorizations, and the challenges of these.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use x509_identity::SerialNumber;

use crate::record::AttestationRecord;

/// What a certificate is ordered for.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct AcmeIdentifier {
    /// `dns`, `ip` or `permanent-identifier`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The name.
    pub value: String,
}

/// An order that is to be made.
#[derive(Clone, Debug)]
pub struct NewAcmeOrder {
    /// The name of the CA.
    pub ca: String,
    /// The number of the account.
    pub account: i64,
    /// The name of the profile.
    pub profile: String,
    /// What it is for, each with the challenges that prove it.
    pub identifiers: Vec<(AcmeIdentifier, Vec<NewAcmeChallenge>)>,
    /// The certificate that it renews, and what the client calls it (RFC 9773 section 4.1).
    pub replaces: Option<(SerialNumber, String)>,
    /// Until when it can be finalized.
    pub expires_at: OffsetDateTime,
}

/// A challenge that is to be made.
#[derive(Clone, Debug)]
pub struct NewAcmeChallenge {
    /// `http-01`, `tls-alpn-01` or `device-attest-01`.
    pub kind: String,
    /// Random, in base64url.
    pub token: String,
}

/// How far an order, an authorization or a challenge is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "kebab-case")]
pub enum AcmeState {
    /// The holder of the account has ended it.
    Deactivated,
    /// Its time is over, and it was not valid.
    Expired,
    /// It has failed.
    Invalid,
    /// Its holder has to do something.
    Pending,
    /// The CA is at work.
    Processing,
    /// All names of the order are proven.
    Ready,
    /// It has come to a good end.
    Valid,
}

impl AcmeState {
    /// The word for it (RFC 8555 section 7.1.6).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deactivated => "deactivated",
            Self::Expired => "expired",
            Self::Invalid => "invalid",
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Ready => "ready",
            Self::Valid => "valid",
        }
    }

    pub(crate) fn stored(self) -> i64 {
        match self {
            Self::Pending => 0,
            Self::Ready => 1,
            Self::Processing => 2,
            Self::Valid => 3,
            // An order has no word for it.
            Self::Invalid | Self::Expired => 4,
            Self::Deactivated => 5,
        }
    }

    pub(crate) fn of_stored(number: i64) -> Option<Self> {
        Some(match number {
            0 => Self::Pending,
            1 => Self::Ready,
            2 => Self::Processing,
            3 => Self::Valid,
            4 => Self::Invalid,
            5 => Self::Deactivated,
            _ => return None,
        })
    }
}

/// What a store knows about an order.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AcmeOrder {
    /// Its number.
    pub id: i64,
    /// The name of the CA.
    pub ca: String,
    /// The number of the account.
    pub account: i64,
    /// The name of the profile.
    pub profile: String,
    /// What it is for.
    pub identifiers: Vec<AcmeIdentifier>,
    /// How far it is at the time of the query.
    pub state: AcmeState,
    /// Until when it can be finalized.
    pub expires_at: OffsetDateTime,
    /// The certificate that it renews, and what the client calls it.
    pub replaces: Option<(SerialNumber, String)>,
    /// The CSR in DER, once it is being finalized.
    pub csr: Option<Vec<u8>>,
    /// Why it has failed: a problem document.
    pub problem: Option<String>,
    /// The number of its certificate.
    pub certificate: Option<i64>,
    /// The numbers of its authorizations.
    pub authorizations: Vec<i64>,
    /// The key that was attested: the certificate is for no other one.
    pub attested: Option<AcmeAttested>,
}

/// A key that a device has proved to be its own.
#[derive(Clone, Debug)]
pub struct AcmeAttested {
    /// The SHA-256 of its `SubjectPublicKeyInfo`.
    pub spki_sha256: [u8; 32],
    /// What was proved.
    pub record: AttestationRecord,
}

/// What a store knows about an authorization.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AcmeAuthorization {
    /// Its number.
    pub id: i64,
    /// The number of its order.
    pub order: i64,
    /// The number of the account.
    pub account: i64,
    /// What is to be proven.
    pub identifier: AcmeIdentifier,
    /// How far it is at the time of the query.
    pub state: AcmeState,
    /// Until when it is good.
    pub expires_at: OffsetDateTime,
    /// The ways to prove it.
    pub challenges: Vec<AcmeChallenge>,
}

/// What a store knows about a challenge.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AcmeChallenge {
    /// Its number.
    pub id: i64,
    /// `http-01`, `tls-alpn-01` or `device-attest-01`.
    pub kind: String,
    /// Random, in base64url.
    pub token: String,
    /// How far it is.
    pub state: AcmeState,
    /// When it was met.
    pub validated_at: Option<OffsetDateTime>,
    /// Why it was not met, or not yet: a problem document.
    pub problem: Option<String>,
}

/// A challenge that is to be tried now.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DueChallenge {
    /// Its number.
    pub id: i64,
    /// The name of the CA.
    pub ca: String,
    /// The number of the account.
    pub account: i64,
    /// The SHA-256 thumbprint of the account's key.
    pub thumbprint: [u8; 32],
    /// What is to be proven.
    pub identifier: AcmeIdentifier,
    /// How.
    pub kind: String,
    /// The token of the challenge.
    pub token: String,
    /// How often it was tried, this time with it.
    pub attempts: u64,
}

/// What came of trying a challenge.
#[derive(Clone, Debug)]
pub enum AcmeOutcome {
    /// It is not met, and nothing will change that.
    Failed {
        /// A problem document.
        problem: String,
    },
    /// It is tried again.
    Later {
        /// A problem document.
        problem: String,
        /// When.
        at: OffsetDateTime,
    },
    /// It is met.
    Met {
        /// The key that was attested, by a challenge that is about one.
        attested: Option<AcmeAttested>,
    },
}
