//! What handlers are given, over real connections and in their own tests.

use std::net::SocketAddr;

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{Extensions, Request, Response, StatusCode, header::CONTENT_TYPE},
    middleware::{Next, from_fn},
    routing::{get, post},
};
use mtls_server::{
    ClientAuth, ClientCert, ConnectionIdentity, FromClientCert, MockClientCert, MockError,
    PeerIdentity, Rule, SpiffeId, TlsInfo, proxy::ForwardedClientCert,
    rejection::ClientCertRejection,
};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use x509_identity::SubjectAltName;

use crate::support::{
    World,
    audit::Audit,
    client::{self, VERSIONS},
    http::{self, PROTOCOLS},
    pki::{Ca, days_from_now},
    router, start, start_with,
};

async fn describe(client: ClientCert, tls: TlsInfo) -> Json<Value> {
    Json(json!({
        "subject": client.subject().to_string(),
        "common_name": client.common_name(),
        "serial": client.serial().to_string(),
        "sans": client.sans().iter().map(|san| (san.kind(), san.to_string())).collect::<Vec<_>>(),
        "eku": client.eku_names(),
        "not_after": client.not_after().unix_timestamp(),
        "chain": client.chain().iter().map(|c| c.subject().to_string()).collect::<Vec<_>>(),
        "der": client.der().len(),
        "tls": tls,
    }))
}

#[tokio::test]
async fn a_handler_sees_the_verified_certificate_and_the_negotiated_parameters() {
    let world = World::new();
    let issuing = world.ca.issuing("Issuing CA");
    let not_after = days_from_now(3);
    let leaf = issuing
        .client("alice")
        .email("alice@example.local")
        .serial(0x1234_u64)
        .valid_until(not_after);
    let server = start_with(world.config(), Router::new().route("/", get(describe))).await;
    for (version, name) in VERSIONS.into_iter().zip(["TLSv1.2", "TLSv1.3"]) {
        let mut config = client::config(&world, Some(&leaf), version);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let answer = client::get(server.local_addr(), config, "/").await.unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let seen: Value = serde_json::from_str(body).unwrap();
        assert_eq!(seen["subject"], "CN=alice");
        assert_eq!(seen["common_name"], "alice");
        assert_eq!(seen["serial"], "1234");
        assert_eq!(seen["sans"], json!([["email", "alice@example.local"]]));
        assert_eq!(seen["eku"], json!(["clientAuth"]));
        assert_eq!(seen["not_after"], not_after.unix_timestamp());
        assert_eq!(
            seen["chain"],
            json!(["CN=alice", "CN=Issuing CA", "CN=Test root"])
        );
        assert_eq!(seen["der"], leaf.der().len());
        assert_eq!(seen["tls"]["version"], name);
        assert_eq!(seen["tls"]["resumed"], false);
        assert_eq!(seen["tls"]["alpn"], "http/1.1");
        assert_eq!(seen["tls"]["server_name"], "localhost");
        let cipher_suite = seen["tls"]["cipher_suite"].as_str().unwrap();
        assert!(cipher_suite.starts_with("TLS_"), "{cipher_suite}");
        assert_ne!(seen["tls"]["key_exchange"], "unknown");
    }
}

#[tokio::test]
async fn an_anonymous_client_gets_in_only_where_that_is_allowed_and_only_as_far() {
    let world = World::new();
    let audit = Audit::capture();
    let server = start(world.config().client_auth(ClientAuth::Optional)).await;
    let alice = world.ca.client("alice");
    for version in VERSIONS {
        for (leaf, path, status, ending) in [
            (None, "/", "200", "anonymous"),
            (Some(&alice), "/", "200", "CN=alice"),
            (Some(&alice), "/private", "200", "CN=alice"),
            (None, "/private", "403", "}"),
        ] {
            let config = client::config(&world, leaf, version);
            let answer = client::get(server.local_addr(), config, path)
                .await
                .unwrap();
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status}")),
                "{answer}"
            );
            assert!(answer.ends_with(ending), "{answer}");
            let outcome = if leaf.is_some() {
                "accepted"
            } else {
                "anonymous"
            };
            assert_eq!(audit.only()["outcome"], outcome);
        }
        // Optional is not lenient: a certificate that is shown must be good.
        let mallory = world.ca.client("mallory").self_signed();
        let config = client::config(&world, Some(&mallory), version);
        client::get(server.local_addr(), config, "/")
            .await
            .unwrap_err();
        assert_eq!(audit.only()["outcome"], "refused");
    }
}

async fn ask(router: Router, path: &str) -> Response<Body> {
    crate::support::audit::listen();
    let request = Request::get(path).body(Body::empty()).unwrap();
    router.oneshot(request).await.unwrap()
}

async fn problem(response: Response<Body>) -> Value {
    assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
    serde_json::from_slice(&to_bytes(response.into_body(), 4096).await.unwrap()).unwrap()
}

#[tokio::test]
async fn a_mock_stands_in_for_the_acceptor() {
    let alice = Ca::root("root").client("alice");
    let as_alice = router().layer(MockClientCert::from_der(alice.der()).unwrap());
    let answer = ask(as_alice, "/private").await;
    assert_eq!(answer.status(), StatusCode::OK);
    let body = to_bytes(answer.into_body(), 4096).await.unwrap();
    assert_eq!(body, "CN=alice");

    let as_nobody = router().layer(MockClientCert::anonymous());
    let answer = ask(as_nobody.clone(), "/private").await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert_eq!(
        problem(answer).await["title"],
        "client_certificate_required"
    );
    assert_eq!(ask(as_nobody, "/").await.status(), StatusCode::OK);

    MockClientCert::from_der(b"no certificate").unwrap_err();
}

/// Where a span or a tower service looks, without an extractor.
fn seen(extensions: &Extensions) -> (Option<String>, bool, bool) {
    let client = ClientCert::from_extensions(extensions).ok();
    let subject = client.map(|client| client.subject().to_string());
    let tls = TlsInfo::from_extensions(extensions).is_ok();
    let connection = extensions.get::<ConnectionIdentity>();
    let address = extensions.get::<ConnectInfo<SocketAddr>>();
    let same = connection.zip(address).map(|(connection, address)| {
        let client = connection.client();
        assert_eq!(client.map(|it| it.subject().to_string()), subject);
        connection.peer() == address.0
    });
    (subject, tls, same == Some(true))
}

#[tokio::test]
async fn middleware_and_services_find_in_the_extensions_what_a_handler_gets() {
    let world = World::new();
    let app = || {
        let looks = from_fn(async |request: Request<Body>, _: Next| {
            format!("{:?}", seen(request.extensions()))
        });
        Router::new().layer(looks)
    };
    let alice = world.ca.client("alice");
    let config = world.config().client_auth(ClientAuth::Optional);
    let server = start_with(config, app()).await;
    for (leaf, expected) in [
        (Some(&alice), r#"(Some("CN=alice"), true, true)"#),
        (None, "(None, true, true)"),
    ] {
        let config = client::config(&world, leaf, VERSIONS[1]);
        let answer = client::get(server.local_addr(), config, "/").await.unwrap();
        assert!(answer.ends_with(expected), "{answer}");
        let mock = match leaf {
            Some(leaf) => MockClientCert::from_der(leaf.der()).unwrap(),
            None => MockClientCert::anonymous(),
        };
        let mocked = ask(app().layer(mock), "/").await;
        let body = to_bytes(mocked.into_body(), 4096).await.unwrap();
        assert_eq!(body, expected);
    }
    assert_eq!(seen(&Extensions::new()), (None, false, false));
    let error = ClientCert::from_extensions(&Extensions::new()).unwrap_err();
    assert!(matches!(error, ClientCertRejection::NotWired));
    let mut extensions = Extensions::new();
    MockClientCert::anonymous().attach(&mut extensions);
    let error = ClientCert::from_extensions(&extensions).unwrap_err();
    assert!(matches!(error, ClientCertRejection::Missing));
    // Of several mocks the last one counts.
    let mock = MockClientCert::with_subject("CN=alice").unwrap();
    mock.attach(&mut extensions);
    let alice = ClientCert::from_extensions(&extensions).unwrap();
    assert_eq!(alice.subject().to_string(), "CN=alice");
}

#[test]
fn a_mock_has_the_names_that_a_test_asks_for() {
    let alice = Ca::root("root").client("alice");
    let pem = format!("Bag Attributes\n{}{}", alice.key_pem(), alice.chain_pem());
    let mock = MockClientCert::from_pem(pem.as_bytes()).unwrap();
    assert_eq!(mock.client().unwrap().der(), &**alice.der());
    let error = MockClientCert::from_pem(alice.key_pem().as_bytes()).unwrap_err();
    assert!(error.to_string().contains("a private key"), "{error}");

    let subject = "CN=alice,OU=Operators,O=Example,C=NO";
    let mock = MockClientCert::with_subject(subject).unwrap();
    let client = mock.client().unwrap();
    assert_eq!(client.subject().to_string(), subject);
    assert_eq!(client.eku_names(), ["clientAuth"]);
    let operators = Rule::dn_exact(subject.parse().unwrap());
    assert!(operators.decide(client).is_allowed());
    assert!(!Rule::not(operators).decide(client).is_allowed());
    let error = MockClientCert::with_subject("alice").unwrap_err();
    assert!(matches!(error, MockError::Subject(_)));

    let id = "spiffe://example.org/billing";
    let san = SubjectAltName::Uri(id.to_owned());
    let mock = MockClientCert::with_names("CN=billing", [san]).unwrap();
    let found = SpiffeId::from_client_cert(mock.client().unwrap()).unwrap();
    assert_eq!(found.as_str(), id);
    assert!(MockClientCert::anonymous().client().is_none());
}

#[tokio::test]
async fn a_router_without_the_acceptor_is_our_error_not_the_clients() {
    for path in ["/", "/private"] {
        let answer = ask(router(), path).await;
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR, "{path}");
        assert_eq!(problem(answer).await["status"], 500);
    }
}

#[tokio::test]
async fn a_mock_left_in_production_gives_nobody_a_name() {
    let world = World::new();
    let forgotten = MockClientCert::from_der(Ca::root("root").client("mock").der()).unwrap();
    let config = world.config().client_auth(ClientAuth::Optional);
    let server = start_with(config, router().layer(forgotten)).await;
    let alice = world.ca.client("alice");
    for (leaf, name) in [(Some(&alice), "CN=alice"), (None, "anonymous")] {
        let config = client::config(&world, leaf, VERSIONS[1]);
        let answer = client::get(server.local_addr(), config, "/").await.unwrap();
        assert!(answer.ends_with(name), "{answer}");
    }
}

#[tokio::test]
async fn requests_share_the_identity_of_their_connection_and_its_one_audit_event() {
    let world = World::new();
    let audit = Audit::capture();
    let server = start_with(world.config(), Router::new().route("/", get(describe))).await;
    let alice = world.ca.client("alice");
    let mut config = client::config(&world, Some(&alice), VERSIONS[1]);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let http = reqwest::Client::builder()
        .tls_backend_preconfigured(config)
        .build()
        .unwrap();
    let url = format!("https://localhost:{}/", server.local_addr().port());
    for _ in 0..3 {
        let answer = http.get(&url).send().await.unwrap();
        assert_eq!(answer.version(), reqwest::Version::HTTP_2);
        let seen: Value = answer.json().await.unwrap();
        assert_eq!(seen["subject"], "CN=alice");
        assert_eq!(seen["tls"]["alpn"], "h2");
    }
    assert_eq!(audit.only()["outcome"], "accepted");
}

#[tokio::test]
async fn an_extractor_that_rejects_a_call_of_grpc_answers_in_its_form() {
    struct Nobody;
    #[derive(Debug, thiserror::Error)]
    #[error("nobody")]
    struct IsNobody;
    impl FromClientCert for Nobody {
        type Error = IsNobody;

        fn from_client_cert(_: &ClientCert) -> Result<Self, IsNobody> {
            Err(IsNobody)
        }
    }

    let world = World::new();
    let app = Router::new()
        .route("/cert", post(async |_: ClientCert| "secret"))
        .route("/peer", post(async |_: PeerIdentity<Nobody>| "secret"))
        .route("/spiffe", post(async |_: SpiffeId| "secret"))
        .route("/forwarded", post(async |_: ForwardedClientCert| "secret"));
    let server = start_with(world.config().client_auth(ClientAuth::Optional), app).await;
    let alice = world.ca.client("alice");
    for (identity, path, code) in [
        (None, "/cert", "16"),
        (None, "/peer", "16"),
        (Some(&alice), "/peer", "7"),
        (Some(&alice), "/spiffe", "7"),
        (Some(&alice), "/forwarded", "16"),
    ] {
        for protocol in PROTOCOLS {
            let client = http::Client::new(&world, identity, protocol);
            let call = client.post(&server, path, "application/grpc").await;
            assert_eq!(call.status(), StatusCode::OK, "{path}");
            assert_eq!(call.headers()[CONTENT_TYPE], "application/grpc", "{path}");
            assert_eq!(call.headers()["grpc-status"], code, "{path}");
            assert!(call.bytes().await.unwrap().is_empty(), "{path}");
            // Anybody else reads a problem.
            let other = client.post(&server, path, "application/json").await;
            assert_eq!(other.status(), StatusCode::FORBIDDEN, "{path}");
            assert_eq!(other.headers()[CONTENT_TYPE], "application/problem+json");
        }
    }
    // What the application itself rejects stays as it is.
    let client = http::Client::new(&world, Some(&alice), PROTOCOLS[0]);
    let missing = client.post(&server, "/missing", "application/grpc").await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
}
