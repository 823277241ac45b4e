//! `/crl/*` and `/ca/*`.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use time::OffsetDateTime;

use super::publication::Publication;
use crate::http::prefer;

/// Sends what is published under `/crl/` and `/ca/`, by `GET` and `HEAD`.
///
/// Conditional requests (`If-None-Match`, `If-Modified-Since`) of whoever has the present version are answered 304. With
/// `Prefer: wait=N` (RFC 7240) such a request waits until there is another version, N seconds and a minute at most.
pub fn publication(publication: Publication) -> Router {
    Router::new()
        .route("/crl/{name}", get(respond))
        .route("/ca/{name}", get(respond))
        .with_state(publication)
}

async fn respond(State(publication): State<Publication>, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path();
    let mut document = publication.get(path);
    let wait = prefer::wait(&headers);
    if let (Some(known), Some(wait)) = (&document, wait)
        && known.is_known(&headers)
    {
        document = publication.changed(path, known.etag(), wait).await;
    }
    let Some(document) = document else {
        return (StatusCode::NOT_FOUND, "nothing is published here\n").into_response();
    };
    let mut response = document.respond(&headers, OffsetDateTime::now_utc());
    if wait.is_some() {
        prefer::applied(response.headers_mut());
    }
    response
}
