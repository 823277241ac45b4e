//! What pages load: the style sheet and the icon.

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

/// The routes, which are the same for everybody.
pub(crate) fn routes() -> Router {
    Router::new()
        .route("/style.css", get(style))
        .route("/icon.svg", get(icon))
}

async fn style() -> Response {
    let style = include_str!("../../templates/style.css");
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], style).into_response()
}

async fn icon() -> Response {
    let icon = include_str!("../../templates/icon.svg");
    ([(CONTENT_TYPE, "image/svg+xml")], icon).into_response()
}
