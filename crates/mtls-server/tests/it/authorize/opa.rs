//! What a policy agent decides, and what becomes of requests where it does not.

use axum::{
    Json, Router,
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use mtls_server::{
    MockClientCert,
    authorize::{Authorize, OpaAuthorizer},
};
use serde_json::{Value, json};

use crate::support::{World, ask::ask, audit::Audit};

/// An agent that speaks as the data API does, and whose policy is this function.
async fn agent(policy: fn(Value) -> Response) -> OpaAuthorizer {
    let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/data/http/authz", tcp.local_addr().unwrap());
    let answer = async move |Json(question): Json<Value>| policy(question);
    let router = Router::new().route("/v1/data/http/authz", post(answer));
    tokio::spawn(async { axum::serve(tcp, router).await.unwrap() });
    OpaAuthorizer::new(url.parse().unwrap())
}

fn guarded(opa: OpaAuthorizer) -> Router {
    let alice = World::new().ca.client("alice");
    Router::new()
        .route("/", get(async || "in"))
        .layer(Authorize::new(opa))
        .layer(MockClientCert::from_der(alice.der()).unwrap())
}

#[tokio::test]
async fn an_agent_decides_and_audit_events_name_its_rule() {
    let alice_may_get: fn(Value) -> Response = |question| {
        let input = &question["input"];
        assert_eq!(input["method"], "GET");
        assert_eq!(input["path"], json!([""]));
        let allow = input["client"]["subject"] == "CN=alice";
        Json(json!({"result": {"allow": allow, "rule": "alice reads"}})).into_response()
    };
    for (policy, status, rule) in [
        (alice_may_get, StatusCode::OK, "alice reads"),
        (
            |_| Json(json!({"result": true})).into_response(),
            StatusCode::OK,
            "opa",
        ),
        (
            |_| Json(json!({"result": false})).into_response(),
            StatusCode::FORBIDDEN,
            "opa",
        ),
        (
            |_| Json(json!({"result": {"allow": false, "rule": "no"}})).into_response(),
            StatusCode::FORBIDDEN,
            "no",
        ),
        (
            |_| Json(json!({})).into_response(),
            StatusCode::FORBIDDEN,
            "opa: not defined",
        ),
    ] {
        let router = guarded(agent(policy).await);
        let audit = Audit::capture();
        assert_eq!(ask(router).await.0, status);
        assert_eq!(audit.only()["rule"], rule);
    }
}

#[tokio::test]
async fn an_agent_that_decides_nothing_lets_nobody_in() {
    let silent = OpaAuthorizer::new("http://127.0.0.1:1/v1/data/x".parse().unwrap());
    let mut routers = vec![guarded(silent)];
    let policies: [fn(Value) -> Response; 4] = [
        |_| StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        |_| "true".into_response(),
        |_| Json(json!({"result": "yes"})).into_response(),
        |_| Json(json!({"result": {"allow": "true"}})).into_response(),
    ];
    for policy in policies {
        routers.push(guarded(agent(policy).await));
    }
    for router in routers {
        assert_eq!(ask(router).await.0, StatusCode::SERVICE_UNAVAILABLE);
    }
}
