//! One sentence in place of what was asked for.

use askama::Template;
use axum::response::{Html, IntoResponse as _, Response};

use crate::refusal::ConsoleRefusal;

#[derive(Template)]
#[template(path = "refused.html")]
struct RefusedPage<'a> {
    base: &'a str,
    ca: &'a str,
    status: u16,
    title: &'static str,
    sentence: String,
}

/// The page for a refusal.
pub(super) fn page(refusal: &ConsoleRefusal, base: &str, ca: &str) -> Response {
    let status = refusal.status();
    let title = match status.as_u16() {
        400 => "That cannot be used",
        403 => "Refused",
        404 => "Not found",
        409 => "Not done",
        500..=599 => "This cannot be shown now",
        _ => "Not accepted",
    };
    let page = RefusedPage {
        base,
        ca,
        status: status.as_u16(),
        title,
        sentence: refusal.sentence(),
    };
    (status, Html(page.to_string())).into_response()
}
