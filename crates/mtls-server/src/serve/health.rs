//! The health of the server, for a supervisor.

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::get,
};
use serde_json::json;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::reload::handle::MtlsHandle;

/// Routes for a supervisor: `/livez` and `/readyz`, as Kubernetes calls them.
///
/// `/livez` always responds with 200. `/readyz` responds with 200 and
/// `{"status":"ok","generation":..,"since":..,"connections":..,"identity_ends":..}`. After a reload
/// has failed, `status` is `degraded`, and `reason` and `degraded_since` are there too. The status
/// code stays 200: the active configuration is good, and a mistake in a file that all replicas read
/// must not take all of them out of service. If the server's own certificate has expired, the
/// response is 503 with the status `expired`.
///
/// They say nothing about clients and need no certificate. Serve them where only the supervisor can
/// connect: on a listener of their own, or behind a [`Rule`](crate::Rule).
pub fn health(handle: MtlsHandle) -> Router {
    Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .with_state(handle)
}

async fn ready(State(handle): State<MtlsHandle>) -> Response {
    let status = handle.status();
    let expired = OffsetDateTime::now_utc() > status.identity_ends;
    let (code, word) = match (expired, &status.degraded) {
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "expired"),
        (false, Some(_)) => (StatusCode::OK, "degraded"),
        (false, None) => (StatusCode::OK, "ok"),
    };
    // A date that RFC 3339 cannot write is left out.
    let date = |date: OffsetDateTime| date.format(&Rfc3339).ok();
    let degraded = status.degraded.as_ref();
    let body = json!({
        "status": word,
        "generation": status.generation,
        "since": date(status.since),
        "connections": handle.connection_count(),
        "identity_ends": date(status.identity_ends),
        "degraded_since": degraded.and_then(|degraded| date(degraded.since)),
        "reason": degraded.map(|degraded| &degraded.reason),
    });
    (code, Json(body)).into_response()
}
