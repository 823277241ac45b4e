//! The routes of ACME.

mod account;
mod authorization;
mod certificate;
mod certificate_id;
mod directory;
#[cfg(fuzzing)]
mod fuzzing;
mod key_change;
mod order;
mod revoke;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, LINK};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use super::call::origin;
use super::problem::Problem;
use super::service::Acme;

#[cfg(fuzzing)]
pub(super) use fuzzing::read_payload;

/// ACME (RFC 8555) under `/acme/`: `/acme/directory` for the profile `server`, and `/acme/PROFILE/directory` for each.
///
/// Identifiers are host names and IP addresses (RFC 8738), proven by `http-01` or `tls-alpn-01` (RFC 8737). Wildcard names
/// need `dns-01`, which is not offered. When to renew is said as in RFC 9773. Requests are signed by ES256, ES384, EdDSA or
/// RS256.
///
/// It has to be served over TLS, beside [`enrollment`](crate::enrollment), whose limits it has. Challenges are tried by
/// [`Acme::run`].
pub fn acme(service: Acme) -> Router {
    Router::new()
        .route("/acme/directory", get(directory::of_servers))
        .route("/acme/{profile}/directory", get(directory::directory))
        .route("/acme/{profile}/new-nonce", get(directory::new_nonce))
        .route("/acme/{profile}/new-account", post(account::new_account))
        .route("/acme/{profile}/account/{id}", post(account::account))
        .route("/acme/{profile}/account/{id}/orders", post(account::orders))
        .route("/acme/{profile}/key-change", post(key_change::key_change))
        .route("/acme/{profile}/new-order", post(order::new_order))
        .route("/acme/{profile}/order/{id}", post(order::order))
        .route("/acme/{profile}/order/{id}/finalize", post(order::finalize))
        .route(
            "/acme/{profile}/authorization/{id}",
            post(authorization::authorization),
        )
        .route(
            "/acme/{profile}/challenge/{id}/{kind}",
            post(authorization::challenge),
        )
        .route(
            "/acme/{profile}/certificate/{id}",
            post(certificate::certificate),
        )
        .route(
            "/acme/{profile}/certificate/{id}/{chain}",
            post(certificate::alternate),
        )
        .route("/acme/{profile}/revoke-cert", post(revoke::revoke))
        .route(
            "/acme/{profile}/renewal-info/{id}",
            get(certificate::renewal_info),
        )
        .layer(from_fn_with_state(service.clone(), around))
        .with_state(service)
}

/// Limits on what an address may ask, and on how long it takes; and what each response has (RFC 8555 sections 6.5 and 7.1).
async fn around(State(service): State<Acme>, request: Request, next: Next) -> Response {
    let directory = directory_of(&request);
    let answered = service.0.enrollment.limited(request, next).await;
    let mut response = answered.unwrap_or_else(|refusal| Problem::from(refusal).into_response());
    let headers = response.headers_mut();
    let nonce = HeaderValue::try_from(service.0.nonces.make());
    headers.extend(nonce.ok().map(|nonce| (REPLAY_NONCE, nonce)));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(directory) = directory {
        headers.append(LINK, directory);
    }
    response
}

fn directory_of(request: &Request) -> Option<HeaderValue> {
    let origin = origin(request)?;
    let rest = request.uri().path().strip_prefix("/acme/")?;
    let (profile, _) = rest.split_once('/')?;
    HeaderValue::try_from(format!("<{origin}/acme/{profile}/directory>;rel=\"index\"")).ok()
}

const REPLAY_NONCE: HeaderName = HeaderName::from_static("replay-nonce");
