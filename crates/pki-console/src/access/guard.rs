//! What every form passes before a handler sees it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::form::{Fields, Form};
use super::operator::Operator;
use super::origin;
use crate::refusal::ConsoleRefusal;
use crate::shared::{self, Shared};

/// A layer that passes on what only reads, and forms that a page of this console has sent for its operator, as a [`Form`].
/// What it refuses is in the audit log.
pub(crate) async fn guard(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let Some(operator) = request.extensions().get::<Operator>().cloned() else {
        return ConsoleRefusal::NotWired.into_response();
    };
    let what = format!("{} {}", request.method(), request.uri().path());
    match checked(&shared, &operator, request).await {
        Ok(request) => next.run(request).await,
        Err(refusal) => {
            let (reason, now) = (refusal.to_string(), shared::now());
            let recorded =
                shared
                    .store
                    .record_refusal(&shared.ca, &what, &reason, operator.actor(), now);
            match recorded.await {
                Ok(()) => refusal.into_response(),
                Err(error) => ConsoleRefusal::from(error).into_response(),
            }
        }
    }
}

async fn checked(
    shared: &Shared,
    operator: &Operator,
    request: Request,
) -> Result<Request, ConsoleRefusal> {
    let (mut parts, body) = request.into_parts();
    origin::check(&parts)?;
    let media_type = parts.headers.get(CONTENT_TYPE);
    let media_type = media_type.and_then(|value| value.to_str().ok());
    let media_type = media_type.and_then(|value| value.split(';').next());
    if !media_type.is_some_and(|it| it.trim().eq_ignore_ascii_case(FORM)) {
        return Err(ConsoleRefusal::MediaType);
    }
    let body = tokio::time::timeout(PATIENCE, to_bytes(body, MAX_FORM)).await;
    let body = body.map_err(|_| ConsoleRefusal::TooSlow)?;
    let body = body.map_err(|_| ConsoleRefusal::TooLarge)?;
    // A form takes its time, in which the operator may have been revoked.
    let now = shared::now();
    operator.check(shared, now).await?;
    let fields = Fields::parse(&body)?;
    let ticket = fields.get("ticket");
    let nonce = shared
        .tickets
        .check(ticket, operator.fingerprint_sha256(), now)?;
    parts.extensions.insert(Form::new(fields, nonce));
    Ok(Request::from_parts(parts, Body::empty()))
}

const FORM: &str = "application/x-www-form-urlencoded";

/// Bytes of a form.
const MAX_FORM: usize = 64 * 1024;

/// How long a form may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);
