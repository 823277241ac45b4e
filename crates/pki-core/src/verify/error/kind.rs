//! The same reasons as names for tables and as kinds for TLS alerts.

use super::VerifyError;

/// What a TLS peer is told: few enough to map each to an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VerifyErrorKind {
    /// `bad_certificate`: unreadable, too large, too complex, or a signature that does not match.
    BadCertificate,
    /// `certificate_expired`: past notAfter.
    Expired,
    /// `bad_certificate`, for a name that does not match (client side).
    NameMismatch,
    /// `certificate_expired` for one that is not valid yet.
    NotYetValid,
    /// `unknown_ca`: the CRL needed is missing, expired or badly signed.
    RevocationUnknown,
    /// `certificate_revoked`.
    Revoked,
    /// `unknown_ca`: no good path to a good trust anchor.
    UntrustedIssuer,
    /// `unsupported_certificate`: critical extension, version, key or algorithm not accepted.
    Unsupported,
    /// `unsupported_certificate`: valid, but not for this use or not in this position.
    WrongPurpose,
}

impl VerifyError {
    /// A stable kebab-case name for tables, metrics and audit events.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::AnchorExpired { .. } => "anchor-expired",
            Self::AnchorNotCa { .. } => "anchor-not-ca",
            Self::AnchorNotYetValid { .. } => "anchor-not-yet-valid",
            Self::BadSignature { .. } => "bad-signature",
            Self::CaAsLeaf { .. } => "ca-as-leaf",
            Self::ChainTooComplex(_) => "chain-too-complex",
            Self::ChainTooLarge { .. } => "chain-too-large",
            Self::CrlBadSignature { .. } => "crl-bad-signature",
            Self::CrlExpired { .. } => "crl-expired",
            Self::CrlNotYetValid { .. } => "crl-not-yet-valid",
            Self::Expired { .. } => "expired",
            Self::KeyUsage { .. } => "key-usage",
            Self::Malformed { .. } => "malformed",
            Self::NameConstraint { .. } => "name-constraint",
            Self::NameMismatch { .. } => "name-mismatch",
            Self::NoExtendedKeyUsage { .. } => "no-extended-key-usage",
            Self::NoName { .. } => "no-name",
            Self::NoServerName { .. } => "no-server-name",
            Self::NotACa { .. } => "not-a-ca",
            Self::NotYetValid { .. } => "not-yet-valid",
            Self::PathLength { .. } => "path-length",
            Self::Policy { .. } => "policy",
            Self::Rejected { .. } => "rejected",
            Self::PssParameters { .. } => "pss-parameters",
            Self::RevocationUnknown { .. } => "revocation-unknown",
            Self::Revoked { .. } => "revoked",
            Self::SelfSigned { .. } => "self-signed",
            Self::SignatureParameters { .. } => "signature-parameters",
            Self::TooDeep { .. } => "too-deep",
            Self::UnfitName { .. } => "unfit-name",
            Self::UnknownCriticalExtension { .. } => "unknown-critical-extension",
            Self::UnknownIssuer { .. } => "unknown-issuer",
            Self::UnsupportedVersion { .. } => "unsupported-version",
            Self::Validity { .. } => "validity",
            Self::WeakKey { .. } => "weak-key",
            Self::WeakSignature { .. } => "weak-signature",
            Self::WrongExtendedKeyUsage { .. } => "wrong-extended-key-usage",
        }
    }

    /// The coarse kind, for the choice of a TLS alert.
    #[must_use]
    pub fn kind(&self) -> VerifyErrorKind {
        use VerifyErrorKind as Kind;
        match self {
            Self::BadSignature { .. }
            | Self::ChainTooComplex(_)
            | Self::ChainTooLarge { .. }
            | Self::Malformed { .. }
            | Self::NoName { .. }
            | Self::Rejected { .. }
            | Self::UnfitName { .. }
            | Self::Validity { .. } => Kind::BadCertificate,
            Self::Expired { .. } => Kind::Expired,
            Self::NameMismatch { .. } | Self::NoServerName { .. } => Kind::NameMismatch,
            Self::NotYetValid { .. } => Kind::NotYetValid,
            Self::CrlBadSignature { .. }
            | Self::CrlExpired { .. }
            | Self::CrlNotYetValid { .. }
            | Self::RevocationUnknown { .. } => Kind::RevocationUnknown,
            Self::Revoked { .. } => Kind::Revoked,
            Self::AnchorExpired { .. }
            | Self::AnchorNotCa { .. }
            | Self::AnchorNotYetValid { .. }
            | Self::NameConstraint { .. }
            | Self::PathLength { .. }
            | Self::Policy { .. }
            | Self::SelfSigned { .. }
            | Self::TooDeep { .. }
            | Self::UnknownIssuer { .. } => Kind::UntrustedIssuer,
            Self::PssParameters { .. }
            | Self::SignatureParameters { .. }
            | Self::UnknownCriticalExtension { .. }
            | Self::UnsupportedVersion { .. }
            | Self::WeakKey { .. }
            | Self::WeakSignature { .. } => Kind::Unsupported,
            Self::CaAsLeaf { .. }
            | Self::KeyUsage { .. }
            | Self::NoExtendedKeyUsage { .. }
            | Self::NotACa { .. }
            | Self::WrongExtendedKeyUsage { .. } => Kind::WrongPurpose,
        }
    }
}
