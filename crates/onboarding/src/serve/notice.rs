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
