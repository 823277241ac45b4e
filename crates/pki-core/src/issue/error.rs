//! Why a certificate was not issued.

use time::OffsetDateTime;

use crate::key::BoxError;
use crate::key::SignError;
use crate::lint::Finding;

/// A certificate that was not issued, or an authority that cannot issue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// The certificates of an authority cannot be read.
    #[error("the CA's certificates cannot be read")]
    Chain(#[source] BoxError),

    /// The certificate could not be encoded.
    #[error("the certificate could not be encoded")]
    Encode(#[source] BoxError),

    /// The authority's certificate and key do not belong together.
    #[error("the key is not that of the CA certificate `{subject}`")]
    KeyMismatch {
        /// The certificate's subject.
        subject: String,
    },

    /// The key is of a kind that is never certified.
    #[error(
        "{found} keys are not certified; use P-256, P-384, P-521, RSA 2048, 3072 or 4096, Ed25519 or ML-DSA"
    )]
    KeyKind {
        /// The kind that was found.
        found: String,
    },

    /// An authority without a certificate.
    #[error("an authority needs its own certificate, first in its chain")]
    NoCertificate,

    /// The certificate may not sign others.
    #[error("`{subject}` is not a CA certificate: {reason}")]
    NotACa {
        /// The certificate's subject.
        subject: String,
        /// What it lacks.
        reason: &'static str,
    },

    /// The certificate would still be valid after its issuer is not.
    #[error("the certificate would outlive its issuer: it ends {leaf}, the issuer {issuer}")]
    OutlivesIssuer {
        /// The last second of the certificate.
        leaf: OffsetDateTime,
        /// The last second of its issuer.
        issuer: OffsetDateTime,
    },

    /// Policy or lint refused the certificate that would have been signed.
    #[error("refused by policy: {}", join(.0))]
    Refused(Vec<Finding>),

    /// The signer refused.
    #[error("the certificate could not be signed")]
    Sign(#[source] SignError),
}

impl IssueError {
    pub(super) fn chain(source: impl Into<BoxError>) -> Self {
        Self::Chain(source.into())
    }

    pub(super) fn encode(source: impl Into<BoxError>) -> Self {
        Self::Encode(source.into())
    }
}

fn join(findings: &[Finding]) -> String {
    findings
        .iter()
        .map(|finding| finding.sentence.as_str())
        .collect::<Vec<_>>()
        .join("; ")
}
