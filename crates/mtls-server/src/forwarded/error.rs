//! Why what a trusted proxy forwarded is not used.

use std::error::Error;

use pki_core::verify::VerifyError;
use x509_identity::ParseError;

/// Why what a trusted proxy forwarded cannot be used.
///
/// Nothing is guessed: a header that can be read in two ways is refused. The messages say nothing about
/// the certificate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ForwardedError {
    /// It is not base64 as in RFC 4648 section 4.
    #[error("the forwarded certificate is not base64")]
    Base64(#[source] base64::DecodeError),

    /// It is not a certificate, or one that cannot be represented exactly.
    #[error("the forwarded certificate cannot be parsed")]
    Certificate(#[source] ParseError),

    /// Two parts of one header are about different certificates.
    #[error("the forwarded {what} is not that of the forwarded certificate")]
    Contradiction {
        /// What does not belong to the certificate.
        what: &'static str,
    },

    /// The header, or another spelling of its name, is there more than once, or its chain is there alone.
    /// So something has bypassed the proxy.
    #[error("the header of the forwarded certificate is not there exactly once")]
    Duplicate,

    /// The header has no certificate in it. Envoy sends it with `set_current_client_cert_details`.
    #[error("the forwarded header holds no certificate: tell the proxy to send it")]
    NoCertificate,

    /// It is not PEM as in RFC 7468, or there is something besides the certificates.
    #[error("the forwarded certificate is not PEM")]
    Pem,

    /// The certificate was verified again, and is not good.
    #[error("the forwarded certificate is not good")]
    Refused(#[source] VerifyError),

    /// The header does not have the form that was agreed on.
    #[error("the forwarded header does not have the form that was agreed on")]
    Syntax(#[source] Box<dyn Error + Send + Sync>),

    /// More than [`MAX_HEADER_BYTES`](Self::MAX_HEADER_BYTES).
    #[error("the forwarded header is longer than {limit} bytes", limit = Self::MAX_HEADER_BYTES)]
    TooLong,

    /// More than [`MAX_CERTIFICATES`](Self::MAX_CERTIFICATES).
    #[error("more than {limit} certificates were forwarded", limit = Self::MAX_CERTIFICATES)]
    TooMany,
}

impl ForwardedError {
    /// The most that is read of what one request forwards: 64 KiB.
    pub const MAX_HEADER_BYTES: usize = 64 << 10;

    /// The most certificates that a client's chain, or a header in all, may hold: 10.
    pub const MAX_CERTIFICATES: usize = 10;

    pub(super) fn syntax(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Syntax(cause.into())
    }
}
