//! What those are told whom a rule does not let pass, over a connection.

use axum::{
    Router,
    body::{Body, HttpBody as _},
    http::{Request, StatusCode},
    routing::get,
};
use mtls_server::{ClientAuth, MockClientCert, RequireClientCert, Rule};
use tower::ServiceExt as _;

use super::rules::{full, router};
use crate::support::{
    World,
    ask::ask,
    audit::Audit,
    client::{self, VERSIONS},
    start_with,
};

#[tokio::test]
async fn over_a_real_connection_each_decision_names_its_rule_and_no_answer_the_certificate() {
    let world = World::new();
    let audit = Audit::capture();
    let rule = Rule::from_toml(
        "name = 'staff'
         any = [{ name = 'operators', dns = 'build.example.com' }, { common_name = 'carol' }]",
    );
    let config = world.config().client_auth(ClientAuth::Optional);
    let server = start_with(config, router(rule.unwrap())).await;
    let alice = world.ca.client("alice").with(full);
    let (carol, mallory) = (world.ca.client("carol"), world.ca.client("mallory"));
    for version in VERSIONS {
        for (leaf, status, kind, outcome, reason, rule) in [
            (
                Some(&alice),
                200,
                "secret",
                "allowed",
                "matched",
                "operators",
            ),
            (Some(&carol), 200, "secret", "allowed", "matched", "staff"),
            (
                Some(&mallory),
                403,
                "client_certificate_denied",
                "denied",
                "not-matched",
                "staff",
            ),
            (
                None,
                403,
                "client_certificate_required",
                "denied",
                "no-certificate",
                "staff",
            ),
        ] {
            let config = client::config(&world, leaf, version);
            let answer = client::get(server.local_addr(), config, "/").await.unwrap();
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status}")),
                "{answer}"
            );
            assert!(answer.contains(kind), "{answer}");
            assert!(!answer.contains("mallory") && !answer.contains("Test root"));
            let events = audit.take();
            let decision = events
                .iter()
                .find(|event| event.contains_key("rule"))
                .unwrap();
            assert_eq!(decision["outcome"], outcome);
            assert_eq!(decision["reason"], reason);
            assert_eq!(decision["rule"], rule);
            assert_eq!((&*decision["method"], &*decision["path"]), ("GET", "/"));
            assert!(decision["peer"].starts_with("127.0.0.1:"));
            assert_eq!(decision.contains_key("serial"), leaf.is_some());
        }
    }
}

#[tokio::test]
async fn a_call_of_grpc_is_denied_in_its_own_form() {
    let world = World::new();
    let bob = MockClientCert::from_der(world.ca.client("bob").der()).unwrap();
    for (mock, code, word) in [
        (Some(bob), "7", "does not allow"),
        (Some(MockClientCert::anonymous()), "16", "has none"),
        (None, "13", "set up wrongly"),
    ] {
        let mut app = router(Rule::common_name("alice"));
        if let Some(mock) = mock {
            app = app.layer(mock);
        }
        let request = Request::post("/")
            .header("content-type", "application/grpc+proto")
            .body(Body::empty())
            .unwrap();
        let response = app.oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let headers = response.headers();
        assert_eq!(headers["content-type"], "application/grpc");
        assert_eq!(headers["grpc-status"], code);
        let message = headers["grpc-message"].to_str().unwrap();
        assert!(message.contains(word), "{message}");
        assert!(response.into_body().is_end_stream());
    }
}

#[tokio::test]
async fn any_verified_client_is_a_rule_of_its_own() {
    let world = World::new();
    let router = Router::new()
        .route("/", get(async || "secret"))
        .layer(RequireClientCert::any());
    let server = start_with(world.config().client_auth(ClientAuth::Optional), router).await;
    let alice = world.ca.client("alice");
    for (leaf, status) in [(Some(&alice), "200"), (None, "403")] {
        let config = client::config(&world, leaf, VERSIONS[1]);
        let answer = client::get(server.local_addr(), config, "/").await.unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn the_event_of_a_nested_route_has_the_whole_path_without_its_query() {
    let audit = Audit::capture();
    let app = Router::new().nest("/api", router(Rule::common_name("bob")));
    let mock = MockClientCert::from_der(World::new().ca.client("alice").der()).unwrap();
    let request = Request::post("/api?token=x").body(Body::empty()).unwrap();
    let response = app.layer(mock).oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    let denied = audit.only();
    assert_eq!((&*denied["method"], &*denied["path"]), ("POST", "/api"));
}

#[tokio::test]
async fn a_policy_counts_only_where_the_cas_between_may_speak_for_it() {
    let world = World::new();
    let issuing = world.ca.issuing("Issuing CA");
    let rule = Rule::from_toml("policy_oid = '1.2.3.4'").unwrap();
    let server = start_with(world.config(), router(rule)).await;
    let direct = world.ca.client("alice").with(full);
    let below = issuing.client("alice").with(full);
    for (leaf, status) in [(&direct, "200"), (&below, "403")] {
        let config = client::config(&world, Some(leaf), VERSIONS[1]);
        let answer = client::get(server.local_addr(), config, "/").await.unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_router_without_an_acceptor_is_our_error() {
    let (status, _) = ask(router(Rule::custom("all", |_| true))).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
}
