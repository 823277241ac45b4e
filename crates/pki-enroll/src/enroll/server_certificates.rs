//! Certificates for servers, which clients of a TLS server are not accepted with: here they are, to renew themselves.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use mtls_server::ClientCert;
use mtls_server::verify::WithoutClientAuth;
use tokio::sync::watch;
use x509_identity::Certificate;

use super::holder::{FOR_SERVERS, requester};
use super::refusal::Refusal;
use super::service::{self, EnrollmentCa};

/// The certificates of servers below these CAs. Each ends by itself, and the CA's store has to know it.
pub(crate) fn accepted(anchors: &[Certificate]) -> WithoutClientAuth {
    anchors
        .iter()
        .fold(WithoutClientAuth::new(), |cas, anchor| {
            cas.issued_by(anchor, anchor.not_after())
        })
}

/// Keeps connections with such a certificate from everything else, whatever the router has besides.
pub(crate) async fn only_renewals(
    State(ca): State<watch::Receiver<Arc<EnrollmentCa>>>,
    request: Request,
    next: Next,
) -> Response {
    let client = ClientCert::from_extensions(request.extensions()).ok();
    let client = client.filter(|it| it.without_client_auth_until().is_some());
    let path = request.uri().path();
    let Some(client) = client.filter(|_| !is_for_servers(path)) else {
        return next.run(request).await;
    };
    let what = format!("{path} {}", client.subject());
    let (ca, actor) = (ca.borrow().clone(), requester(client.serial()));
    let refusal = Refusal::CertificateNotValid(FOR_SERVERS);
    let refused = ca.refused(refusal, &what, &actor, service::now()).await;
    refused.into_response()
}

/// Renewals, and what anybody may know.
fn is_for_servers(path: &str) -> bool {
    if let Some(operation) = path.strip_prefix("/.well-known/est/") {
        let operation = operation.rsplit('/').next().unwrap_or_default();
        return matches!(operation, "cacerts" | "csrattrs" | "simplereenroll");
    }
    matches!(path, "/v1/renew" | "/v1/ca" | "/v1/openapi.json")
        || path.starts_with("/v1/renewal-info/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_of_servers_renew_and_do_nothing_else() {
        for (path, allowed) in [
            ("/v1/renew", true),
            ("/.well-known/est/simplereenroll", true),
            ("/.well-known/est/server/simplereenroll", true),
            ("/.well-known/est/cacerts", true),
            ("/v1/ca", true),
            ("/v1/renewal-info/01", true),
            ("/v1/renew/", false),
            ("/v1/revoke", false),
            ("/v1/enroll", false),
            ("/v1/requests/1", false),
            ("/.well-known/est/simpleenroll", false),
            ("/.well-known/est/client/simpleenroll", false),
            ("/", false),
            ("/console", false),
        ] {
            assert_eq!(is_for_servers(path), allowed, "{path}");
        }
    }
}
