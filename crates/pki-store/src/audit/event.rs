//! What the audit log has rows for.

use serde::Serialize;

/// What was decided or done. The word in the log is the variant in lower case, with hyphens.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "kebab-case")]
pub enum AuditEvent {
    /// An ACME account was made.
    AcmeAccountCreated,
    /// The contacts, the key or the state of an ACME account were changed.
    AcmeAccountChanged,
    /// The holder of an ACME account has proven a name.
    AcmeAuthorized,
    /// A key of the external account binding was made.
    AcmeKeyCreated,
    /// A key of the external account binding was revoked.
    AcmeKeyRevoked,
    /// A certificate was approved, and its serial number reserved.
    Approved,
    /// A CRL was signed.
    CrlSigned,
    /// The signer refused what was approved.
    Failed,
    /// A certificate of another CA software was taken over.
    Imported,
    /// A certificate was signed.
    Issued,
    /// An issuer was added.
    IssuerAdded,
    /// An issuer issues no more, or again.
    IssuerChanged,
    /// A key was blocked, since it was compromised.
    KeyBlocked,
    /// A certificate with its key was put behind a link that is good once.
    LinkMade,
    /// It was given out by that link.
    LinkUsed,
    /// A request was refused.
    Refused,
    /// Somebody has approved a request; the certificate follows when it is fetched.
    RequestApproved,
    /// Somebody has denied a request.
    RequestDenied,
    /// A request waits for somebody to approve it.
    RequestPending,
    /// Somebody has acknowledged that the store was restored from a backup.
    Restored,
    /// A certificate was revoked.
    Revoked,
    /// A token was made.
    TokenCreated,
    /// A token was revoked.
    TokenRevoked,
    /// A process has ended between approving and signing.
    Unconfirmed,
    /// An upstream CA has a request, and has not decided.
    UpstreamPending,
    /// What an upstream CA has returned is not what was approved.
    UpstreamRefused,
    /// An upstream CA has revoked a certificate, as it was told, or does not know it.
    UpstreamRevoked,
}

impl AuditEvent {
    /// The word in the log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AcmeAccountCreated => "acme-account-created",
            Self::AcmeAccountChanged => "acme-account-changed",
            Self::AcmeAuthorized => "acme-authorized",
            Self::AcmeKeyCreated => "acme-key-created",
            Self::AcmeKeyRevoked => "acme-key-revoked",
            Self::Approved => "approved",
            Self::CrlSigned => "crl-signed",
            Self::Failed => "failed",
            Self::Imported => "imported",
            Self::Issued => "issued",
            Self::IssuerAdded => "issuer-added",
            Self::IssuerChanged => "issuer-changed",
            Self::KeyBlocked => "key-blocked",
            Self::LinkMade => "link-made",
            Self::LinkUsed => "link-used",
            Self::Refused => "refused",
            Self::RequestApproved => "request-approved",
            Self::RequestDenied => "request-denied",
            Self::RequestPending => "request-pending",
            Self::Restored => "restored",
            Self::Revoked => "revoked",
            Self::TokenCreated => "token-created",
            Self::TokenRevoked => "token-revoked",
            Self::Unconfirmed => "unconfirmed",
            Self::UpstreamPending => "upstream-pending",
            Self::UpstreamRefused => "upstream-refused",
            Self::UpstreamRevoked => "upstream-revoked",
        }
    }
}
