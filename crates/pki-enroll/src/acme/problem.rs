//! Problem documents of ACME (RFC 8555 section 6.7).

use axum::http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use pki_store::{AcmeError, AcmeIdentifier, StoreError};
use serde_json::{Value, json};

use super::jose::algorithms::ALGORITHMS;
use crate::enroll::refusal::{PROBLEM, Refusal};
use crate::text::sentence;

/// Why a request, or a challenge, has failed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{detail}")]
pub(super) struct Problem {
    kind: Kind,
    detail: String,
    status: StatusCode,
    subproblems: Vec<(AcmeIdentifier, Kind, String)>,
    retry_after: Option<u64>,
    location: Option<String>,
    /// Whether the store has written it down itself.
    recorded: bool,
}

/// What follows `urn:ietf:params:acme:error:`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    AccountDoesNotExist,
    AlreadyReplaced,
    AlreadyRevoked,
    BadAttestationStatement,
    BadCsr,
    BadNonce,
    BadPublicKey,
    BadRevocationReason,
    BadSignatureAlgorithm,
    Connection,
    Dns,
    ExternalAccountRequired,
    IncorrectResponse,
    Malformed,
    OrderNotReady,
    RateLimited,
    RejectedIdentifier,
    ServerInternal,
    Tls,
    Unauthorized,
    UnsupportedContact,
    UnsupportedIdentifier,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::AccountDoesNotExist => "accountDoesNotExist",
            Self::AlreadyReplaced => "alreadyReplaced",
            Self::AlreadyRevoked => "alreadyRevoked",
            Self::BadAttestationStatement => "badAttestationStatement",
            Self::BadCsr => "badCSR",
            Self::BadNonce => "badNonce",
            Self::BadPublicKey => "badPublicKey",
            Self::BadRevocationReason => "badRevocationReason",
            Self::BadSignatureAlgorithm => "badSignatureAlgorithm",
            Self::Connection => "connection",
            Self::Dns => "dns",
            Self::ExternalAccountRequired => "externalAccountRequired",
            Self::IncorrectResponse => "incorrectResponse",
            Self::Malformed => "malformed",
            Self::OrderNotReady => "orderNotReady",
            Self::RateLimited => "rateLimited",
            Self::RejectedIdentifier => "rejectedIdentifier",
            Self::ServerInternal => "serverInternal",
            Self::Tls => "tls",
            Self::Unauthorized => "unauthorized",
            Self::UnsupportedContact => "unsupportedContact",
            Self::UnsupportedIdentifier => "unsupportedIdentifier",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::ExternalAccountRequired
            | Self::OrderNotReady
            | Self::RejectedIdentifier
            | Self::Unauthorized => StatusCode::FORBIDDEN,
            Self::AlreadyReplaced => StatusCode::CONFLICT,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::ServerInternal => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl Problem {
    pub(super) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            status: kind.status(),
            subproblems: Vec::new(),
            retry_after: None,
            location: None,
            recorded: false,
        }
    }

    pub(super) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(Kind::Malformed, detail)
    }

    pub(super) fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(Kind::Unauthorized, detail)
    }

    pub(super) fn not_found() -> Self {
        Self::malformed("there is nothing here").with_status(StatusCode::NOT_FOUND)
    }

    pub(super) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Where the thing is that is in the way.
    pub(super) fn at(mut self, location: String) -> Self {
        self.location = Some(location);
        self
    }

    /// What is wrong with which identifier.
    pub(super) fn about(mut self, subproblems: Vec<(AcmeIdentifier, Kind, String)>) -> Self {
        self.subproblems = subproblems;
        self
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether it is our own fault, so that the same request may succeed later.
    pub(super) fn is_ours(&self) -> bool {
        self.kind == Kind::ServerInternal
    }

    /// Whether it is a decision that is not in the audit log yet. What anybody can send again and again, and what is no
    /// decision, is not.
    pub(super) fn is_to_be_recorded(&self) -> bool {
        !self.recorded
            && matches!(
                self.kind,
                Kind::AlreadyReplaced
                    | Kind::BadCsr
                    | Kind::BadPublicKey
                    | Kind::ExternalAccountRequired
                    | Kind::RejectedIdentifier
                    | Kind::Unauthorized
                    | Kind::UnsupportedIdentifier
            )
    }

    /// As it is stored, and sent.
    pub(super) fn document(&self) -> Value {
        let mut document = json!({
            "type": urn(self.kind),
            "detail": self.detail,
            "status": self.status.as_u16(),
        });
        let Some(fields) = document.as_object_mut() else {
            return document;
        };
        if !self.subproblems.is_empty() {
            let subproblems = self.subproblems.iter().map(|(identifier, kind, detail)| {
                json!({ "type": urn(*kind), "detail": detail, "identifier": identifier })
            });
            fields.insert("subproblems".into(), subproblems.collect());
        }
        if self.kind == Kind::BadSignatureAlgorithm {
            fields.insert("algorithms".into(), json!(ALGORITHMS));
        }
        document
    }
}

fn urn(kind: Kind) -> String {
    format!("urn:ietf:params:acme:error:{}", kind.word())
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (status, kind) = refusal.kind();
        let kind = match (kind, &refusal) {
            ("bad_csr", _) => Kind::BadCsr,
            ("key_refused", _) => Kind::BadPublicKey,
            ("name_not_allowed", _) | ("refused_by_policy", Refusal::Policy(_)) => {
                Kind::RejectedIdentifier
            }
            ("refused_by_policy", _) => Kind::BadCsr,
            ("profile_not_allowed", _) => Kind::Unauthorized,
            ("too_many_requests", _) => Kind::RateLimited,
            ("unavailable", _) => Kind::ServerInternal,
            _ if status == StatusCode::FORBIDDEN || status == StatusCode::UNAUTHORIZED => {
                Kind::Unauthorized
            }
            _ => Kind::Malformed,
        };
        let retry_after = refusal.retry_after();
        let detail = refusal.public_text();
        Self {
            status: match kind {
                Kind::Malformed => status,
                kind => kind.status(),
            },
            retry_after,
            recorded: matches!(refusal, Refusal::Issue(_)),
            ..Self::new(kind, detail)
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Refusal::from(error).into()
    }
}

impl From<AcmeError> for Problem {
    fn from(error: AcmeError) -> Self {
        let (kind, recorded) = match &error {
            AcmeError::AlreadyReplaced { .. } => (Kind::AlreadyReplaced, false),
            AcmeError::Key { .. } | AcmeError::KeyChanged => (Kind::Unauthorized, true),
            AcmeError::State { .. } => (Kind::OrderNotReady, false),
            AcmeError::TooManyOrders { .. } => (Kind::RateLimited, false),
            AcmeError::KeyTaken => (Kind::Malformed, false),
            _ => {
                return match error {
                    AcmeError::Store(error) => error.into(),
                    _ => Refusal::Unavailable(None).into(),
                };
            }
        };
        Self {
            recorded,
            ..Self::new(kind, sentence(&error))
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = self.document().to_string();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        let location = self.location.and_then(|it| HeaderValue::try_from(it).ok());
        headers.extend(location.map(|location| (LOCATION, location)));
        response
    }
}
