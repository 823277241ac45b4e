//! What handlers get for a certificate, and who decides elsewhere.

use std::{error::Error, fmt, future, time::Duration};

use axum::{Router, http::StatusCode, routing::get};
use mtls_server::{
    ClientCert, FromClientCert, MockClientCert, PeerIdentity, SpiffeId,
    authorize::{AuthorizationDecision, AuthorizationRequest, Authorize, Authorizer},
};
use test_pki::rcgen::{CertificateParams, KeyUsagePurpose};

use crate::support::{World, ask::ask, audit::Audit, pki::Ca};

#[tokio::test]
async fn a_workload_is_named_by_the_one_uri_of_its_certificate() {
    let app = || Router::new().route("/", get(async |id: SpiffeId| id.to_string()));
    let issue = |uris: &[&str], change: fn(&mut CertificateParams)| {
        let x = World::new().ca.client("x").with(change);
        let x = uris.iter().fold(x, |x, uri| x.uri(uri));
        MockClientCert::from_der(x.der()).unwrap()
    };
    let id = "spiffe://example.org/billing";
    let answer = ask(app().layer(issue(&[id], |_| ()))).await;
    assert_eq!(answer, (StatusCode::OK, id.to_owned()));
    let signs: fn(&mut CertificateParams) =
        |params| params.key_usages = vec![KeyUsagePurpose::CrlSign];
    for (uris, change) in [
        (&[][..], (|_| ()) as fn(&mut CertificateParams)),
        (&[id, "https://example.org"], |_| ()),
        (&[id, id], |_| ()),
        (&["https://example.org/billing"], |_| ()),
        (&["spiffe://example.org"], |_| ()),
        (&["spiffe://example.org/a/"], |_| ()),
        (&[id], signs),
    ] {
        let audit = Audit::capture();
        let (status, body) = ask(app().layer(issue(uris, change))).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{uris:?}");
        assert!(!body.contains("example.org"), "{body}");
        let event = audit.only();
        assert_eq!(event["outcome"], "denied");
        assert!(event["rule"].ends_with("SpiffeId"));
    }
}

struct Station(u32);

#[derive(Debug)]
struct NoStation;

impl fmt::Display for NoStation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no station")
    }
}

impl Error for NoStation {}

impl FromClientCert for Station {
    type Error = NoStation;

    fn from_client_cert(client: &ClientCert) -> Result<Self, NoStation> {
        let number = client
            .common_name()
            .and_then(|name| name.strip_prefix("station-"));
        number
            .and_then(|it| it.parse().ok())
            .map(Self)
            .ok_or(NoStation)
    }
}

#[tokio::test]
async fn a_handler_gets_the_applications_own_type() {
    let app = || {
        let handler = async |PeerIdentity(it): PeerIdentity<Station>| it.0.to_string();
        Router::new().route("/", get(handler))
    };
    let mock = |name| MockClientCert::from_der(Ca::root("root").client(name).der()).unwrap();
    let answer = ask(app().layer(mock("station-7"))).await;
    assert_eq!(answer, (StatusCode::OK, "7".to_owned()));
    for (app, status, kind) in [
        (app().layer(mock("alice")), 403, "client_certificate_denied"),
        (
            app().layer(MockClientCert::anonymous()),
            403,
            "client_certificate_required",
        ),
        (app(), 500, "server_error"),
    ] {
        let (found, body) = ask(app).await;
        assert_eq!(found, status);
        assert!(body.contains(kind), "{body}");
    }
}

/// Allows and denies as it is told, fails, or never answers.
struct Elsewhere(&'static str);

impl Authorizer for Elsewhere {
    type Error = fmt::Error;

    async fn authorize(
        &self,
        request: AuthorizationRequest<'_>,
    ) -> Result<AuthorizationDecision, fmt::Error> {
        let rule = "policy-7".into();
        assert_eq!(request.parts.uri.path(), "/");
        match self.0 {
            "allow" => Ok(AuthorizationDecision::Allow { rule }),
            "deny" => Ok(AuthorizationDecision::Deny { rule }),
            "fail" => Err(fmt::Error),
            _ => future::pending().await,
        }
    }
}

#[tokio::test]
async fn an_authorizer_decides_and_silence_is_no_consent() {
    let alice = || MockClientCert::from_der(Ca::root("root").client("alice").der()).unwrap();
    for (answer, mock, status, kind, rule, reason) in [
        ("allow", alice(), 200, "secret", "policy-7", "matched"),
        (
            "deny",
            alice(),
            403,
            "client_certificate_denied",
            "policy-7",
            "not-matched",
        ),
        (
            "fail",
            alice(),
            503,
            "authorization_unavailable",
            "authorizer",
            "authorizer-failed",
        ),
        (
            "hang",
            alice(),
            503,
            "authorization_unavailable",
            "authorizer",
            "authorizer-timeout",
        ),
        (
            "allow",
            MockClientCert::anonymous(),
            403,
            "client_certificate_required",
            "authorizer",
            "no-certificate",
        ),
    ] {
        let audit = Audit::capture();
        let layer = Authorize::new(Elsewhere(answer)).timeout(Duration::from_millis(20));
        let app = Router::new()
            .route("/", get(async || "secret"))
            .layer(layer);
        let (found, body) = ask(app.layer(mock)).await;
        assert_eq!(found, status, "{answer}");
        assert!(body.contains(kind), "{body}");
        let event = audit.only();
        assert_eq!((&*event["rule"], &*event["reason"]), (rule, reason));
    }
}
