//! Why a request is refused, as problem details (RFC 9457).

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use pki_core::CsrError;
use pki_store::{AttestationError, IssueError, StoreError, TokenError};
use pki_upstream::UpstreamError;
use serde_json::json;
use x509_identity::SerialNumber;

use crate::attest::refusal::AttestationRefusal;
use crate::text::sentence;

/// Why a request is refused. The text is for whoever asks.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the evidence of the device is refused")]
    Attestation(#[source] AttestationRefusal),

    #[error("this profile asks devices to prove what they are: send `attestation`")]
    AttestationRequired,

    #[error("this profile takes no evidence of devices: leave `attestation` out")]
    AttestationUnexpected,

    #[error("the certificate request cannot be used")]
    BadCsr(#[source] CsrError),

    #[error("this needs a TLS connection with the certificate that it is about")]
    CertificateRequired,

    #[error("the certificate of this connection cannot be used: {0}")]
    CertificateNotValid(&'static str),

    #[error("{0}")]
    CredentialRefused(String),

    #[error(
        "this needs a credential, such as a token in `Authorization: Bearer`, or as the password of HTTP Basic"
    )]
    CredentialRequired,

    #[error("the request was denied: {0}")]
    Denied(String),

    #[error("the answer could not be encoded")]
    Encode(#[source] der::Error),

    /// Its text says what is wrong, and the store knows it.
    #[error(transparent)]
    Issue(IssueError),

    #[error("the certificate {0}, which this request got before, is revoked; make a new key")]
    IssuedRevoked(SerialNumber),

    #[error("the request cannot be read: {0}")]
    Malformed(String),

    #[error("this is not allowed here with another method")]
    Method,

    #[error("the name `{0}` is not one that may be asked for")]
    Name(String),

    #[error("a renewed certificate has the names of the one before, and the request has others")]
    NamesChanged,

    #[error("the request asks for no name, and no single name is granted")]
    NoName,

    #[error("there is nothing here")]
    NotFound,

    #[error("refused by the profile: {0}")]
    Policy(String),

    #[error("the profile `{0}` is not one that may be asked for")]
    Profile(String),

    #[error("the request was not decided about, or its certificate not fetched, in time")]
    RequestExpired,

    #[error("the request has more than {0} bytes")]
    TooLarge(usize),

    #[error("too many requests; try again later")]
    TooMany {
        /// Seconds.
        retry_after: u64,
    },

    #[error("the request was not complete in time")]
    TooSlow,

    #[error("the body has to be `{0}`")]
    UnsupportedMediaType(&'static str),

    #[error("the CA cannot do this at the moment; try again later")]
    Unavailable(#[source] Option<StoreError>),
}

impl Refusal {
    pub(crate) fn malformed(what: impl Into<String>) -> Self {
        Self::Malformed(what.into())
    }

    /// The status, and the stable `type`.
    pub(crate) fn kind(&self) -> (StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::Attestation(_) => (S::FORBIDDEN, "attestation_refused"),
            Self::AttestationRequired => (S::FORBIDDEN, "attestation_required"),
            Self::AttestationUnexpected => (S::BAD_REQUEST, "attestation_unexpected"),
            Self::BadCsr(_) => (S::BAD_REQUEST, "bad_csr"),
            Self::CertificateRequired => (S::FORBIDDEN, "certificate_required"),
            Self::CertificateNotValid(_) => (S::FORBIDDEN, "certificate_not_valid"),
            Self::CredentialRefused(_) => (S::UNAUTHORIZED, "credential_refused"),
            Self::CredentialRequired => (S::UNAUTHORIZED, "credential_required"),
            Self::Denied(_) => (S::FORBIDDEN, "request_denied"),
            Self::Encode(_) => (S::SERVICE_UNAVAILABLE, "unavailable"),
            Self::Issue(error) => of_issue(error),
            Self::IssuedRevoked(_) => (S::FORBIDDEN, "certificate_not_valid"),
            Self::Malformed(_) => (S::BAD_REQUEST, "malformed"),
            Self::Method => (S::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::Name(_) | Self::NoName => (S::FORBIDDEN, "name_not_allowed"),
            Self::NamesChanged => (S::FORBIDDEN, "names_changed"),
            Self::NotFound => (S::NOT_FOUND, "not_found"),
            Self::Policy(_) => (S::FORBIDDEN, "refused_by_policy"),
            Self::Profile(_) => (S::FORBIDDEN, "profile_not_allowed"),
            Self::RequestExpired => (S::GONE, "request_expired"),
            Self::TooLarge(_) => (S::PAYLOAD_TOO_LARGE, "too_large"),
            Self::TooMany { .. } => (S::TOO_MANY_REQUESTS, "too_many_requests"),
            Self::TooSlow => (S::REQUEST_TIMEOUT, "too_slow"),
            Self::UnsupportedMediaType(_) => (S::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"),
            Self::Unavailable(_) => (S::SERVICE_UNAVAILABLE, "unavailable"),
        }
    }

    /// Whether it is a decision that has not been written down yet. What is our own fault is none.
    pub(crate) fn is_to_be_recorded(&self) -> bool {
        match self {
            Self::Issue(_) | Self::Method | Self::NotFound => false,
            // Denying and expiring are in the log already, and asking again is no decision.
            Self::Denied(_) | Self::RequestExpired => false,
            // Written down once in a minute, by `EnrollmentCa::too_many`.
            Self::TooMany { .. } => false,
            Self::Encode(_) | Self::Unavailable(_) => false,
            Self::Attestation(_)
            | Self::AttestationRequired
            | Self::AttestationUnexpected
            | Self::BadCsr(_)
            | Self::CertificateRequired
            | Self::CertificateNotValid(_)
            | Self::CredentialRefused(_)
            | Self::CredentialRequired
            | Self::IssuedRevoked(_)
            | Self::Malformed(_)
            | Self::Name(_)
            | Self::NamesChanged
            | Self::NoName
            | Self::Policy(_)
            | Self::Profile(_)
            | Self::TooLarge(_)
            | Self::TooSlow
            | Self::UnsupportedMediaType(_) => true,
        }
    }

    /// What whoever asks is told. What is wrong with our machine is nobody else's business, and is logged.
    pub(crate) fn public_text(&self) -> String {
        if self.kind().0 != StatusCode::SERVICE_UNAVAILABLE {
            return sentence(self);
        }
        tracing::error!(target: "pki_enroll", "{}", sentence(self));
        Self::Unavailable(None).to_string()
    }

    /// Seconds until it is worth trying again.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooMany { retry_after } => Some(*retry_after),
            Self::Encode(_) | Self::Unavailable(_) => Some(5),
            Self::Issue(error) if of_issue(error).0 == StatusCode::SERVICE_UNAVAILABLE => Some(5),
            _ => None,
        }
    }
}

/// What is the machine's fault, or passes, is 503; everything else has been decided.
fn of_issue(error: &IssueError) -> (StatusCode, &'static str) {
    use StatusCode as S;
    match error {
        IssueError::Attestation(
            AttestationError::Counter { .. }
            | AttestationError::KeyRegistered
            | AttestationError::KeyUnknown,
        ) => (S::FORBIDDEN, "attestation_refused"),
        IssueError::Attestation(_) => (S::FORBIDDEN, "challenge_refused"),
        IssueError::Issue(pki_core::IssueError::Sign(_)) => (S::SERVICE_UNAVAILABLE, "unavailable"),
        IssueError::Issue(_) => (S::FORBIDDEN, "refused_by_policy"),
        IssueError::KeyBlocked { .. } | IssueError::KeyInUse { .. } | IssueError::KeyOfCa => {
            (S::FORBIDDEN, "key_refused")
        }
        IssueError::NotApproved { .. } => (S::FORBIDDEN, "request_denied"),
        IssueError::ReplacesRevoked { .. } => (S::FORBIDDEN, "certificate_not_valid"),
        IssueError::OtherPayload => (S::CONFLICT, "idempotency_conflict"),
        IssueError::Token(TokenError::Expired) => (S::FORBIDDEN, "token_expired"),
        IssueError::Token(TokenError::Used) => (S::FORBIDDEN, "token_used"),
        IssueError::Token(TokenError::Revoked) => (S::FORBIDDEN, "token_revoked"),
        IssueError::Token(_) => (S::UNAUTHORIZED, "credential_refused"),
        IssueError::NoCsr => (S::BAD_REQUEST, "bad_csr"),
        IssueError::Upstream(UpstreamError::Refused { .. } | UpstreamError::Unsupported { .. }) => {
            (S::FORBIDDEN, "refused_by_policy")
        }
        IssueError::TooManyPending { .. } => (S::TOO_MANY_REQUESTS, "too_many_requests"),
        _ => (S::SERVICE_UNAVAILABLE, "unavailable"),
    }
}

impl From<IssueError> for Refusal {
    fn from(error: IssueError) -> Self {
        match error {
            IssueError::Store(error) => Self::Unavailable(Some(error)),
            error => Self::Issue(error),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(Some(error))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, kind) = self.kind();
        let detail = self.public_text();
        let body = json!({
            "type": kind,
            "title": kind,
            "status": status.as_u16(),
            "detail": detail,
        });
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
        if let Some(seconds) = self.retry_after() {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer realm=\"enrolment\"");
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

pub(crate) const PROBLEM: &str = "application/problem+json";

/// Every `type` that there is: for the test of the OpenAPI document.
#[cfg(test)]
pub(crate) const KINDS: [&str; 28] = [
    "attestation_refused",
    "attestation_required",
    "attestation_unexpected",
    "bad_csr",
    "certificate_not_valid",
    "certificate_required",
    "challenge_refused",
    "credential_refused",
    "credential_required",
    "idempotency_conflict",
    "key_refused",
    "malformed",
    "method_not_allowed",
    "name_not_allowed",
    "names_changed",
    "not_found",
    "profile_not_allowed",
    "refused_by_policy",
    "request_denied",
    "request_expired",
    "token_expired",
    "token_revoked",
    "token_used",
    "too_large",
    "too_many_requests",
    "too_slow",
    "unavailable",
    "unsupported_media_type",
];
