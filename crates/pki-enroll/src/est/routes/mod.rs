//! The routes of EST.

mod attributes;
mod ca_certificates;
mod enroll;
mod renew;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, any, get, post};

use super::response::Plain;
use super::spelling::spelled;
use crate::enroll::refusal::Refusal;
use crate::enroll::service::Enrollment;

/// Enrolment over Secure Transport (RFC 7030), under `/.well-known/est/` and, for one profile, under
/// `/.well-known/est/PROFILE/`.
///
/// | route | credential | what it does |
/// | --- | --- | --- |
/// | `GET cacerts` | none | the CA's certificates; while a root is being replaced, those by which each vouches for the other, too |
/// | `POST simpleenroll` | a [`Credential`](crate::Credential), such as a token as the password of HTTP Basic, or a certificate whose profile [allows it](crate::EnrollProfile::enrolls_for()) | issues a certificate for a CSR, or has it wait for approval |
/// | `POST simplereenroll` | the certificate, by mutual TLS | issues one with the same names, for the same key or a new one |
/// | `GET csrattrs` | none, or one of these | which kind of key and which names a CSR should have (RFC 9908) |
///
/// Keys are made by the device alone, so there is no `serverkeygen`; and no `fullcmc`.
///
/// It is served as [`enrollment`](crate::enrollment) is, and can be merged with it. Decisions, limits and the audit log are
/// the same. Refusals are plain text. A request that waits is answered 202, and the same CSR is to be sent again.
pub fn est(service: Enrollment) -> Router {
    let mut router = Router::new();
    for (name, handler) in operations() {
        for path in [format!("{BASE}/{name}"), format!("{BASE}/{{label}}/{name}")] {
            router = router.route(&path, handler.clone());
        }
    }
    for path in [
        format!("{BASE}/{{label}}"),
        format!("{BASE}/{{label}}/{{operation}}"),
    ] {
        router = router.route(&path, any(|| async { Plain(Refusal::NotFound) }));
    }
    router
        .method_not_allowed_fallback(|| async { Plain(Refusal::Method) })
        .layer(from_fn_with_state(service.clone(), limited))
        .with_state(service)
}

const BASE: &str = "/.well-known/est";

fn operations() -> [(&'static str, MethodRouter<Enrollment>); 4] {
    [
        ("cacerts", get(ca_certificates::ca_certificates)),
        ("simpleenroll", post(enroll::enroll)),
        ("simplereenroll", post(renew::renew)),
        ("csrattrs", get(attributes::attributes)),
    ]
}

/// Limits on what an address may ask, and on how long it takes; and headers as clients compare them.
async fn limited(State(service): State<Enrollment>, request: Request, next: Next) -> Response {
    let answer = service.limited(request, next).await;
    let answer = answer.unwrap_or_else(|refusal| Plain(refusal).into_response());
    spelled(answer).await
}
