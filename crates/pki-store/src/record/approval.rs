//! Certificate requests that a person has to approve.

use serde::Serialize;
use time::OffsetDateTime;

use super::certificate::RecordedName;
use super::token::TokenId;
use crate::{Actor, AttestationRecord, Idempotency};

/// A request that is to wait for approval.
#[derive(Clone, Debug)]
pub struct NewApprovalRequest {
    /// The name of the CA.
    pub ca: String,
    /// Who asks. The same text for the same requester: [`Store::approval`](crate::Store::approval) compares it.
    pub requester: Actor,
    /// The same for the audit log, where there is more to say, such as the name of a user.
    pub actor: Actor,
    /// The name of the profile.
    pub profile: String,
    /// The subject that the certificate will have, by RFC 4514.
    pub subject: String,
    /// The alternative names that it will have.
    pub sans: Vec<RecordedName>,
    /// The SHA-256 of the key's `SubjectPublicKeyInfo`.
    pub spki_sha256: [u8; 32],
    /// The CSR in DER.
    pub csr: Vec<u8>,
    /// By what the request is known again.
    pub idempotency: Idempotency,
    /// The token that it uses up once.
    pub token: Option<TokenId>,
    /// The [lineage](crate::CertificateRecord::lineage) of the certificate that it is made with, where it is made with one:
    /// of all of a lineage no more may wait than of one requester.
    pub lineage: Option<[u8; 16]>,
    /// Until when it can be approved, and the certificate fetched.
    pub expires_at: OffsetDateTime,
}

/// A request that waits for approval, or has been decided about.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ApprovalRequest {
    /// Its number within the store.
    pub id: i64,
    /// The name of the CA.
    pub ca: String,
    /// Who asks.
    pub requester: String,
    /// The name of the profile.
    pub profile: String,
    /// The subject that the certificate will have, by RFC 4514.
    pub subject: String,
    /// The alternative names that it will have.
    pub sans: Vec<RecordedName>,
    /// The SHA-256 of the key's `SubjectPublicKeyInfo`.
    pub spki_sha256: [u8; 32],
    /// The CSR in DER: the one with the hash that was approved.
    pub csr: Vec<u8>,
    /// The SHA-256 of the CSR.
    pub csr_sha256: [u8; 32],
    /// What was decided, or not yet, at the time of the query.
    pub state: ApprovalState,
    /// When it was made.
    pub asked_at: OffsetDateTime,
    /// Until when it can be approved, and the certificate fetched.
    pub expires_at: OffsetDateTime,
    /// Who has decided, and when.
    pub decided: Option<(String, OffsetDateTime)>,
    /// Why it was denied.
    pub reason: Option<String>,
    /// What the device has proved of itself, where it was asked to.
    pub attestation: Option<AttestationRecord>,
}

/// What was decided about a request.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalState {
    /// The certificate can be fetched.
    Approved,
    /// There will be no certificate.
    Denied,
    /// Nobody has decided in time, or the certificate was not fetched.
    Expired,
    /// Somebody has to decide.
    Pending,
}

impl ApprovalState {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Pending => "pending",
        }
    }
}

/// `approvals.state`.
pub(crate) mod stored {
    pub(crate) const PENDING: i64 = 0;
    pub(crate) const APPROVED: i64 = 1;
    pub(crate) const DENIED: i64 = 2;
}
