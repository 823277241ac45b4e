//! The routes of JSON version 1.

mod challenges;
mod enroll;
pub(crate) mod information;
mod own_certificate;
mod requests;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get, post};

use super::refusal::Refusal;
use super::service::Enrollment;

/// Enrolment, as JSON under `/v1/`.
///
/// | route | credential | what it does |
/// | --- | --- | --- |
/// | `POST /v1/challenges` | none | what a device has to make its evidence for |
/// | `POST /v1/enroll` | a [`Credential`](crate::Credential), evidence of the device, or both | issues a certificate for a CSR, or has it wait for approval |
/// | `GET /v1/requests/{id}` | the same one | what became of a request that waited |
/// | `POST /v1/renew` | the certificate, by mutual TLS | issues one with the same names, for the same key or a new one |
/// | `POST /v1/revoke` | the certificate, by mutual TLS | revokes it |
/// | `GET /v1/renewal-info/{serial}` | none | when to renew |
/// | `GET /v1/ca` | none | the CA's certificates |
/// | `GET /v1/openapi.json` | none | the description of all this (OpenAPI 3.1) |
///
/// It has to be served by `mtls_server` with [`ClientAuth::Optional`](mtls_server::ClientAuth::Optional), and with the
/// CA's roots as trust anchors; [`EnrollmentServer`](crate::EnrollmentServer) does that. Without `mtls_server`, renewing
/// and revoking are refused.
///
/// Refusals are problem details (RFC 9457) with a stable `type`, and rows in the audit log.
pub fn enrollment(service: Enrollment) -> Router {
    let routes = all()
        .into_iter()
        .fold(Router::new(), |router, (path, _, handler)| {
            router.route(path, handler)
        });
    routes
        .fallback(|| async { Refusal::NotFound })
        .method_not_allowed_fallback(|| async { Refusal::Method })
        .layer(from_fn_with_state(service.clone(), limited))
        .with_state(service)
}

/// Path, method and handler.
fn all() -> [(&'static str, &'static str, MethodRouter<Enrollment>); 8] {
    [
        ("/v1/challenges", "post", post(challenges::challenge)),
        ("/v1/enroll", "post", post(enroll::enroll)),
        ("/v1/requests/{id}", "get", get(requests::request)),
        ("/v1/renew", "post", post(own_certificate::renew)),
        ("/v1/revoke", "post", post(own_certificate::revoke)),
        (
            "/v1/renewal-info/{serial}",
            "get",
            get(information::renewal_info),
        ),
        ("/v1/ca", "get", get(information::ca)),
        ("/v1/openapi.json", "get", get(information::openapi)),
    ]
}

async fn limited(State(service): State<Enrollment>, request: Request, next: Next) -> Response {
    service.limited(request, next).await.into_response()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::collections::BTreeSet;

    use super::*;
    use crate::enroll::refusal::KINDS;

    #[test]
    fn the_description_has_the_routes_and_the_problems_that_there_are() {
        let description: serde_json::Value = serde_json::from_str(information::OPENAPI).unwrap();
        assert_eq!(description["openapi"], "3.1.0");
        let mut described = BTreeSet::new();
        for (path, item) in description["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                described.insert((path.clone(), method.clone()));
            }
        }
        let routes = all().map(|(path, method, _)| (path.to_owned(), method.to_owned()));
        assert_eq!(described, BTreeSet::from(routes));
        let kinds = &description["components"]["schemas"]["Problem"]["properties"]["type"]["enum"];
        assert_eq!(*kinds, serde_json::json!(KINDS));
    }
}
