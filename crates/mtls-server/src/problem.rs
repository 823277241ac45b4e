//! Error responses in the form of RFC 9457. They echo nothing of any certificate.

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};

pub(crate) fn problem(status: StatusCode, kind: &str, detail: &str) -> Response {
    let body = Json(serde_json::json!({
        "type": kind,
        "title": kind,
        "status": status.as_u16(),
        "detail": detail,
    }));
    let content_type = (header::CONTENT_TYPE, "application/problem+json");
    (status, [content_type], body).into_response()
}
