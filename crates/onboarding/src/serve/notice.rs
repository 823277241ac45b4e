//! One sentence instead of what was asked for.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

#[derive(Template)]
#[template(path = "notice.html")]
struct Notice<'a> {
    title: &'a str,
    sentence: &'a str,
}

pub(super) fn notice(status: StatusCode, title: &str, sentence: &str) -> Response {
    let page = Notice { title, sentence }.to_string();
    (status, Html(page)).into_response()
}

/// What fails in the server itself: the log says why, the page does not.
pub(super) fn broken(error: &(dyn std::error::Error + 'static)) -> Response {
    tracing::error!(error = %super::chain(error), "a page could not be made");
    notice(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Something is wrong with this server",
        "The log of the server says what.",
    )
}
