//! What every answer has.

use std::error::Error as _;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::middleware::Next;
use axum::response::Response;

use super::refused;
use crate::refusal::ConsoleRefusal;
use crate::shared::Shared;

/// A layer that makes pages of refusals, and sets the headers: nothing is kept, nothing is run, nothing comes from elsewhere.
pub(crate) async fn finish(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    if let Some(refusal) = response.extensions_mut().remove::<ConsoleRefusal>() {
        log(&refusal);
        response = refused::page(&refusal, &shared.base, &shared.ca);
    }
    let headers = response.headers_mut();
    for (name, value) in [
        (CACHE_CONTROL, "no-store"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'",
        ),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        // With `no-referrer`, browsers would send forms with the origin `null`.
        (REFERRER_POLICY, "same-origin"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("x-frame-options"), "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// What fails in the server itself: the log says why, the page does not.
fn log(refusal: &ConsoleRefusal) {
    if !refusal.status().is_server_error() {
        return;
    }
    let mut text = refusal.to_string();
    let mut source = refusal.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    tracing::error!(target: "pki_console", error = text.as_str(), "a page could not be made");
}
