//! Why a request was not answered with what it asked for.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use mtls_server::rejection::ClientCertRejection;
use pki_store::{AuditError, StoreError};

use crate::access::ticket::TicketError;

/// Why the console refuses a request. The answer is a page with this sentence.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsoleRefusal {
    /// Another request is reading much of the store: 503.
    #[error("somebody is having the console read the whole store; try again in a moment")]
    Busy,

    /// There is no client certificate: 403, or 500 if the router is not served by `mtls_server`.
    #[error("the console needs a client certificate")]
    Certificate(#[source] Arc<ClientCertRejection>),

    /// The form was not sent by a page of the console: 403.
    #[error("this form was sent by another site, and nothing was done")]
    CrossSite,

    /// The certificate of the operator has expired: 403.
    #[error("your certificate has expired")]
    Expired,

    /// A field of a form or an address makes no sense: 400.
    #[error("{field}: {reason}")]
    Field {
        /// Its name on the page.
        field: &'static str,
        /// What is wrong.
        reason: String,
    },

    /// A form without a ticket of the console: 403, or 409 for an old one.
    #[error(transparent)]
    Form(#[from] TicketError),

    /// The body is not a form: 415.
    #[error("only forms of these pages can be sent here")]
    MediaType,

    /// There is nothing to send or read here: 405.
    #[error("this address does not take that kind of request")]
    Method,

    /// The system gives no random bytes: 500.
    #[error("the system gives no random bytes")]
    NoRandom,

    /// No rule makes an operator of the client: 403.
    #[error("your certificate is good, and is not that of an operator")]
    NotAnOperator,

    /// There is nothing at this address: 404.
    #[error("there is no such {what}")]
    NotFound {
        /// What was asked for.
        what: &'static str,
    },

    /// An extractor was used in a router that is not the console's: 500.
    #[error("the server is set up wrongly")]
    NotWired,

    /// The certificate of the operator is revoked: 403.
    #[error("your certificate is revoked")]
    Revoked,

    /// The store has refused or failed: 404, 409, 500 or 503.
    #[error(transparent)]
    Store(#[from] StoreError),

    /// The form is larger than any of these pages: 413.
    #[error("the form is too large")]
    TooLarge,

    /// The form did not arrive in time: 408.
    #[error("the form did not arrive in time")]
    TooSlow,

    /// The CA has not issued the certificate of the operator: 403.
    #[error("your certificate is not one that this CA knows as valid")]
    UnknownCertificate,
}

impl ConsoleRefusal {
    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Certificate(rejection) => rejection.status(),
            Self::CrossSite
            | Self::Expired
            | Self::NotAnOperator
            | Self::Revoked
            | Self::UnknownCertificate => StatusCode::FORBIDDEN,
            Self::Field { .. } => StatusCode::BAD_REQUEST,
            Self::Form(TicketError::Stale) => StatusCode::CONFLICT,
            Self::Form(TicketError::Foreign | TicketError::Missing) => StatusCode::FORBIDDEN,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::NoRandom | Self::NotWired => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Store(error) => status_of(error),
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
        }
    }

    pub(crate) fn field(field: &'static str, reason: impl ToString) -> Self {
        Self::Field {
            field,
            reason: reason.to_string(),
        }
    }

    /// What the page says. Of what fails in the server, the log has the cause.
    pub(crate) fn sentence(&self) -> String {
        let mut text = self.to_string();
        if let Some(first) = text.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        text.push('.');
        text
    }
}

fn status_of(error: &StoreError) -> StatusCode {
    match error {
        StoreError::NotFound { .. } => StatusCode::NOT_FOUND,
        StoreError::Refused(_) => StatusCode::CONFLICT,
        StoreError::Disk(_)
        | StoreError::Locked(_)
        | StoreError::ReadOnly(_)
        | StoreError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<AuditError> for ConsoleRefusal {
    /// For an audit log that could not be read; one that is broken is a result.
    fn from(error: AuditError) -> Self {
        match error {
            AuditError::Store(error) => error.into(),
            other => StoreError::Corrupt {
                what: other.to_string(),
            }
            .into(),
        }
    }
}

impl IntoResponse for ConsoleRefusal {
    /// The sentence as text; within the console's router it becomes a page.
    fn into_response(self) -> Response {
        let mut response = (self.status(), self.sentence()).into_response();
        response.extensions_mut().insert(self);
        response
    }
}
