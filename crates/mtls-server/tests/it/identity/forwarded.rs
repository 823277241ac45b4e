//! Client certificates that trusted proxies forward, over real connections, and that nobody else
//! can.

use axum::{
    Router,
    http::{HeaderMap, StatusCode},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use mtls_server::{
    ClientAuth, ClientCert, ConfigError, MtlsConfigBuilder, RequireClientCert, Rule,
    proxy::{ForwardedFormat, MockForwardedClientCert, TrustForwarded},
    verify::{ChainVerifier, Purpose},
};
use serde_json::{Value, json};
use test_pki::rcgen::ExtendedKeyUsagePurpose;

use crate::support::{
    World,
    ask::ask,
    audit::Audit,
    forwarded::{field, perhaps, trust, whoami},
    http::{Client, PROTOCOLS, headers, problem},
    pki::{Ca, Leaf, days_from_now},
    start_with,
};

/// The names of the headers that a handler sees.
async fn seen(headers: HeaderMap) -> String {
    let mut names: Vec<_> = headers.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    names.join(" ")
}

fn router() -> Router {
    let only_edge = RequireClientCert::new(Rule::common_name("edge"));
    let only_alice = RequireClientCert::new(Rule::common_name("alice"));
    Router::new()
        .route("/", get(whoami))
        .route("/perhaps", get(perhaps))
        .route("/seen", get(seen))
        .route(
            "/connection",
            get(async |client: ClientCert| client.subject().to_string()),
        )
        .route("/only-edge", get(perhaps).layer(only_edge))
        .route("/only-alice", get(perhaps).layer(only_alice))
}

#[tokio::test]
async fn a_trusted_proxy_says_who_its_client_is() {
    let world = World::new();
    let server = start_with(world.config().trust_forwarded(trust()), router()).await;
    let edge = world.ca.client("edge");
    let not_after = days_from_now(3);
    let alice = Ca::root("Another root")
        .client("alice")
        .serial(0x1234_u64)
        .dns("a.example")
        .valid_until(not_after);
    for protocol in PROTOCOLS {
        let proxy = Client::new(&world, Some(&edge), protocol);
        let forwarded = headers([("client-cert", field(&alice).as_str())]);
        let (status, body) = proxy.get(&server, "/", forwarded.clone()).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let expected = json!({
            "subject": "CN=alice",
            "issuer": "CN=Another root",
            "serial": "1234",
            "sans": 1,
            "not_after": not_after.unix_timestamp(),
            "der": STANDARD.encode(alice.der()),
            "chain": ["CN=alice"],
            "via": "CN=edge",
        });
        assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), expected);
        // The header itself goes no further, and the connection is the proxy's.
        let (_, clean) = proxy.get(&server, "/seen", headers([])).await;
        for (path, body) in [
            ("/perhaps", "CN=alice"),
            ("/seen", clean.as_str()),
            ("/connection", "CN=edge"),
            ("/only-edge", "CN=alice"),
        ] {
            let (status, got) = proxy.get(&server, path, forwarded.clone()).await;
            assert_eq!((status, got.as_str()), (StatusCode::OK, body), "{path}");
        }
        let refused = proxy.get(&server, "/only-alice", forwarded).await;
        assert_eq!(problem(&refused), "client_certificate_denied");
    }
}

#[tokio::test]
async fn nobody_but_a_trusted_proxy_says_who_its_client_is() {
    let world = World::new();
    let optional = || world.config().client_auth(ClientAuth::Optional);
    let trusting = start_with(optional().trust_forwarded(trust()), router()).await;
    let not_trusting = start_with(optional(), router()).await;
    let edge = world.ca.client("edge");
    let mallory = world.ca.client("mallory");
    let alice = field(&world.ca.client("alice"));
    for (server, identity) in [
        (&trusting, Some(&mallory)),
        (&trusting, None),
        (&not_trusting, Some(&edge)),
        (&not_trusting, None),
    ] {
        for protocol in PROTOCOLS {
            let client = Client::new(&world, identity, protocol);
            let spoofed = headers([("client-cert", alice.as_str())]);
            let refused = client.get(server, "/", spoofed.clone()).await;
            assert_eq!(refused.0, StatusCode::FORBIDDEN);
            assert_eq!(problem(&refused), "client_certificate_required");
            let (_, body) = client.get(server, "/perhaps", spoofed).await;
            assert_eq!(body, "nobody");
        }
    }
}

#[tokio::test]
async fn a_trusted_proxy_may_have_nobody_to_forward() {
    let world = World::new();
    let server = start_with(world.config().trust_forwarded(trust()), router()).await;
    let edge = world.ca.client("edge");
    for protocol in PROTOCOLS {
        let proxy = Client::new(&world, Some(&edge), protocol);
        for nobody in [headers([]), headers([("client-cert", "")])] {
            let refused = proxy.get(&server, "/", nobody.clone()).await;
            assert_eq!(refused.0, StatusCode::FORBIDDEN);
            assert_eq!(problem(&refused), "client_certificate_required");
            let (_, body) = proxy.get(&server, "/perhaps", nobody).await;
            assert_eq!(body, "nobody");
        }
    }
}

#[tokio::test]
async fn what_no_trusted_proxy_wrote_reaches_no_handler_and_leaves_a_trace() {
    let world = World::new();
    let audit = Audit::capture();
    let server = start_with(world.config().trust_forwarded(trust()), router()).await;
    let mallory = world.ca.client("mallory");
    let alice = field(&world.ca.client("alice"));
    for protocol in PROTOCOLS {
        let client = Client::new(&world, Some(&mallory), protocol);
        for spoofed in [
            &["client-cert"][..],
            &["CLIENT_CERT"],
            &["client_cert", "client-cert", "client.cert"],
            &["x-forwarded-client-cert", "x-forwarded-client-cert"],
            &["x_forwarded_client_cert"],
            &[
                "client-cert-chain",
                "ssl-client-verify",
                "x-ssl-client-s-dn",
                "x-amzn-mtls-clientcert",
            ],
        ] {
            let sent = headers(spoofed.iter().map(|name| (*name, alice.as_str())));
            let (_, clean) = client.get(&server, "/seen", headers([])).await;
            audit.take();
            let (status, body) = client.get(&server, "/seen", sent).await;
            assert_eq!((status, body), (StatusCode::OK, clean), "{spoofed:?}");
            let event = audit.only();
            assert_eq!(event["outcome"], "stripped");
            assert_eq!(event["subject"], "CN=mallory");
            assert!(event.contains_key("peer"));
        }
        audit.take();
        client
            .get(&server, "/seen", headers([("x-forwarded-for", "::1")]))
            .await;
        assert!(audit.is_empty());
    }
}

#[tokio::test]
async fn a_header_of_ones_own_is_for_the_trusted_proxy_alone() {
    let world = World::new();
    let audit = Audit::capture();
    let own = ForwardedFormat::base64_der("x-caller".parse().unwrap());
    let trust = TrustForwarded::new(Rule::common_name("edge"), own);
    let server = start_with(world.config().trust_forwarded(trust), router()).await;
    let (edge, mallory) = (world.ca.client("edge"), world.ca.client("mallory"));
    let alice = STANDARD.encode(world.ca.client("alice").der());
    for protocol in PROTOCOLS {
        let client = Client::new(&world, Some(&mallory), protocol);
        let (_, clean) = client.get(&server, "/seen", headers([])).await;
        for name in ["x-caller", "X_Caller"] {
            audit.take();
            let sent = headers([(name, &*alice)]);
            let (_, body) = client.get(&server, "/seen", sent.clone()).await;
            assert_eq!(body, clean, "{name}");
            assert_eq!(audit.only()["outcome"], "stripped", "{name}");
            let (_, body) = client.get(&server, "/perhaps", sent).await;
            assert_eq!(body, "nobody", "{name}");
        }
        let client = Client::new(&world, Some(&edge), protocol);
        let sent = headers([("x-caller", &*alice)]);
        let (_, body) = client.get(&server, "/seen", sent.clone()).await;
        assert_eq!(body, clean);
        let (_, body) = client.get(&server, "/perhaps", sent).await;
        assert_eq!(body, "CN=alice");
    }
}

#[tokio::test]
async fn what_can_be_read_in_two_ways_is_not_read() {
    let world = World::new();
    let audit = Audit::capture();
    let server = start_with(world.config().trust_forwarded(trust()), router()).await;
    let edge = world.ca.client("edge");
    let alice = field(&world.ca.client("alice"));
    let bob = field(&world.ca.client("bob"));
    let list = [alice.as_str(), &bob].join(", ");
    let nothing = ":AAAA:".to_owned();
    let plain = STANDARD.encode(edge.der());
    for protocol in PROTOCOLS {
        let proxy = Client::new(&world, Some(&edge), protocol);
        for (what, sent) in [
            (
                "twice",
                vec![("client-cert", &alice), ("client-cert", &bob)],
            ),
            (
                "the same twice",
                vec![("client-cert", &alice), ("client-cert", &alice)],
            ),
            (
                "in two spellings",
                vec![("client-cert", &alice), ("client_cert", &bob)],
            ),
            ("in another spelling", vec![("client_cert", &alice)]),
            ("a chain alone", vec![("client-cert-chain", &alice)]),
            ("no structured field", vec![("client-cert", &plain)]),
            ("a list", vec![("client-cert", &list)]),
            ("no certificate", vec![("client-cert", &nothing)]),
        ] {
            let sent = headers(sent.iter().map(|(name, value)| (*name, value.as_str())));
            audit.take();
            for path in ["/", "/perhaps"] {
                let refused = proxy.get(&server, path, sent.clone()).await;
                assert_eq!(refused.0, StatusCode::BAD_REQUEST, "{what}");
                assert_eq!(problem(&refused), "forwarded_certificate_invalid");
                let events = audit.take();
                let event = events.last().unwrap();
                assert_eq!(event["outcome"], "unusable", "{what}");
                assert_eq!(event["subject"], "CN=edge");
            }
        }
        // The twin.
        let sent = headers([("client-cert", alice.as_str())]);
        let (status, _) = proxy.get(&server, "/", sent).await;
        assert_eq!(status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_forwarded_certificate_is_verified_again_where_that_is_asked_for() {
    let world = World::new();
    let clients = Ca::root("Client root");
    let issuing = clients.issuing("Issuing CA");
    let anchors = mtls_server::verify::TrustAnchors::from_certs([clients.der()]).unwrap();
    let verifier = ChainVerifier::builder(anchors, Purpose::TlsClient).build();
    let server = start_with(
        world.config().trust_forwarded(trust().verify(verifier)),
        router(),
    )
    .await;
    let taking_its_word = start_with(world.config().trust_forwarded(trust()), router()).await;
    let edge = world.ca.client("edge");
    let expired = issuing.client("alice").expired();
    let for_servers = issuing.client("alice").with(|params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    });
    for protocol in PROTOCOLS {
        let proxy = Client::new(&world, Some(&edge), protocol);
        let with_chain = |leaf: &Leaf| {
            let chain = format!(":{}:", STANDARD.encode(&leaf.chain()[1]));
            headers([
                ("client-cert", field(leaf).as_str()),
                ("client-cert-chain", chain.as_str()),
            ])
        };
        let good = with_chain(&issuing.client("alice"));
        let (status, body) = proxy.get(&server, "/", good).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            body["chain"],
            json!(["CN=alice", "CN=Issuing CA", "CN=Client root"])
        );
        for (what, sent) in [
            (
                "without its issuer",
                headers([("client-cert", field(&issuing.client("alice")).as_str())]),
            ),
            (
                "of another CA",
                headers([("client-cert", field(&world.ca.client("alice")).as_str())]),
            ),
            ("expired", with_chain(&expired)),
            ("for servers", with_chain(&for_servers)),
        ] {
            let refused = proxy.get(&server, "/", sent.clone()).await;
            assert_eq!(refused.0, StatusCode::FORBIDDEN, "{what}");
            assert_eq!(problem(&refused), "client_certificate_denied");
            let (status, _) = proxy.get(&taking_its_word, "/", sent).await;
            assert_eq!(status, StatusCode::OK, "{what}");
        }
    }
}

#[tokio::test]
async fn forwarded_certificates_are_verified_as_those_of_clients() {
    let world = World::new();
    let build = |purpose| {
        let verifier = ChainVerifier::builder(world.anchors(), purpose).build();
        let config: MtlsConfigBuilder = world.config().trust_forwarded(trust().verify(verifier));
        config.build()
    };
    assert!(build(Purpose::TlsClient).is_ok());
    let refused = build(Purpose::TlsServer);
    assert!(
        matches!(refused, Err(ConfigError::ForwardedPurpose)),
        "{refused:?}"
    );
}

#[tokio::test]
async fn tests_of_handlers_need_no_proxy() {
    let ca = Ca::root("Test root");
    let (alice, edge) = (ca.client("alice"), ca.client("edge"));
    let mock = MockForwardedClientCert::from_der(alice.der(), edge.der()).unwrap();
    let router = |handler| Router::new().route("/", handler);
    let (status, body) = ask(router(get(whoami)).layer(mock)).await;
    assert_eq!(status, StatusCode::OK);
    assert!(body.contains("CN=alice") && body.contains("CN=edge"));
    let anonymous = MockForwardedClientCert::anonymous();
    let (status, _) = ask(router(get(whoami)).layer(anonymous.clone())).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, body) = ask(router(get(perhaps)).layer(anonymous)).await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, "nobody"));
    for handler in [get(whoami), get(perhaps)] {
        let (status, _) = ask(router(handler)).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    }
}

#[tokio::test]
async fn no_mock_counts_on_a_real_connection() {
    let world = World::new();
    let alice = world.ca.client("alice");
    let mock = MockForwardedClientCert::from_der(alice.der(), alice.der()).unwrap();
    let server = start_with(
        world.config().trust_forwarded(trust()),
        router().layer(mock),
    )
    .await;
    for (identity, body) in [("mallory", "nobody"), ("edge", "nobody")] {
        let identity = world.ca.client(identity);
        let client = Client::new(&world, Some(&identity), "h2");
        let (_, got) = client.get(&server, "/perhaps", headers([])).await;
        assert_eq!(got, body);
    }
}
