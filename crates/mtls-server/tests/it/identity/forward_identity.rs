//! What a gateway tells its upstream of its clients, and what they cannot have it tell.

use std::sync::Arc;

use axum::{
    Router,
    extract::Request,
    http::{HeaderMap, HeaderName, StatusCode, Uri, header},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http_body_util::BodyExt as _;
use mtls_server::{
    ClientAuth, MockClientCert, Rule, Serving,
    proxy::{ForwardIdentity, ForwardedFormat, TrustForwarded},
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{
    World,
    adapter::ADAPTERS,
    ask::ask,
    audit::{Audit, Fields},
    client::{self, VERSIONS},
    forwarded::{field, perhaps, trust, whoami},
    http::{Client, PROTOCOLS, headers},
    start_with,
};

/// The upstream's.
fn router() -> Router {
    Router::new()
        .route("/", get(whoami))
        .route("/perhaps", get(perhaps))
}

/// A gateway that asks the upstream for the same path, with the headers that the layer left.
fn gateway(forward: ForwardIdentity, world: &World, upstream: &Arc<Serving>) -> Router {
    let identity = world.ca.client("edge");
    let http = Arc::new(Client::new(world, Some(&identity), "h2"));
    let upstream = Arc::clone(upstream);
    let handler = async move |uri: Uri, mut headers: HeaderMap| {
        // What belongs to the connection goes no further (RFC 9110 7.6.1).
        let listed = headers.remove(header::CONNECTION);
        for option in listed.iter().flat_map(|it| it.to_str().unwrap().split(',')) {
            headers.remove(option.trim());
        }
        headers.remove(header::HOST);
        http.get(&upstream, uri.path(), headers).await
    };
    Router::new().fallback(handler).layer(forward)
}

#[tokio::test]
async fn a_gateway_tells_its_upstream_in_every_form() {
    let world = World::new();
    let issuing = world.ca.issuing("Issuing CA");
    let alice = issuing
        .client("alice")
        .uri("spiffe://example.org/a,b;c=\"d\"")
        .dns("a.example");
    let own: HeaderName = "x-caller".parse().unwrap();
    for (format, forward) in [
        (ForwardedFormat::rfc9440(), ForwardIdentity::rfc9440()),
        (ForwardedFormat::envoy_xfcc(), ForwardIdentity::envoy_xfcc()),
        (ForwardedFormat::traefik(), ForwardIdentity::traefik()),
        (
            ForwardedFormat::nginx_escaped_pem(),
            ForwardIdentity::nginx_escaped_pem(),
        ),
        (
            ForwardedFormat::haproxy_der(),
            ForwardIdentity::rfc9440().and(ForwardedFormat::haproxy_der()),
        ),
        (
            ForwardedFormat::escaped_pem(own.clone()),
            ForwardIdentity::new(ForwardedFormat::escaped_pem(own.clone())),
        ),
    ] {
        let trust = TrustForwarded::new(Rule::common_name("edge"), format.clone());
        let upstream = Arc::new(start_with(world.config().trust_forwarded(trust), router()).await);
        let config = || world.config().client_auth(ClientAuth::Optional);
        let chain = forward.clone().with_chain();
        let plain = start_with(config(), gateway(forward, &world, &upstream)).await;
        let chained = start_with(config(), gateway(chain, &world, &upstream)).await;
        for protocol in PROTOCOLS {
            let client = Client::new(&world, Some(&alice), protocol);
            for (server, names) in [
                (&plain, json!(["CN=alice"])),
                (&chained, json!(["CN=alice", "CN=Issuing CA"])),
            ] {
                let (status, body) = client.get(server, "/", headers([])).await;
                assert_eq!(status, StatusCode::OK, "{format:?}: {body}");
                let body: Value = serde_json::from_str(&body).unwrap();
                assert_eq!(body["der"], STANDARD.encode(alice.der()));
                assert_eq!(body["via"], "CN=edge");
                assert_eq!(body["chain"], names);
            }
            // Whom the client claims to be does not matter, and an anonymous one stays so.
            let bob = field(&world.ca.client("bob"));
            let spoofed = headers([
                ("client-cert", bob.as_str()),
                ("client_cert", bob.as_str()),
                ("x-caller", bob.as_str()),
                ("x_caller", bob.as_str()),
            ]);
            let anonymous = Client::new(&world, None, protocol);
            for (client, name) in [(&client, "CN=alice"), (&anonymous, "nobody")] {
                let (status, body) = client.get(&plain, "/perhaps", spoofed.clone()).await;
                assert_eq!(
                    (status, body.as_str()),
                    (StatusCode::OK, name),
                    "{format:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn no_client_has_its_identity_removed_on_the_way() {
    let world = World::new();
    let upstream = start_with(world.config().trust_forwarded(trust()), router()).await;
    let upstream = Arc::new(upstream);
    let router = gateway(ForwardIdentity::rfc9440(), &world, &upstream);
    let server = start_with(world.config(), router).await;
    let alice = world.ca.client("alice");
    let mut stream = client::connect(
        server.local_addr(),
        client::config(&world, Some(&alice), VERSIONS[1]),
    )
    .await
    .unwrap();
    let request = "GET /perhaps HTTP/1.1\r\nHost: localhost\r\nX-Removed: 1\r\n\
        Connection: Client-Cert, client_cert, X-Removed\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("CN=alice"), "{answer}");
}

#[tokio::test]
async fn no_neighbour_hides_an_option_that_removes_the_identity() {
    let world = World::new();
    let seen = async |headers: HeaderMap| {
        let all = ["connection", "proxy-connection"].map(|it| headers.get_all(it).iter());
        let all = all.into_iter().flatten().map(|it| it.as_bytes().to_vec());
        all.collect::<Vec<_>>().concat()
    };
    let router = Router::new()
        .fallback(seen)
        .layer(ForwardIdentity::rfc9440());
    let server = start_with(world.config(), router).await;
    let alice = world.ca.client("alice");
    for (listed, left) in [
        (&b"Client-Cert, \xe9"[..], &b"close"[..]),
        (b"\xe9,Client-Cert ,X", b"X, close"),
        (b"X, \"Client-Cert\", client_cert;q=1", b"X, close"),
    ] {
        for name in ["Connection", "Proxy-Connection"] {
            let config = client::config(&world, Some(&alice), VERSIONS[1]);
            let mut stream = client::connect(server.local_addr(), config).await.unwrap();
            let head = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{name}: ");
            let end = b"\r\nConnection: close\r\n\r\n";
            let request = [head.as_bytes(), listed, end].concat();
            stream.write_all(&request).await.unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.unwrap();
            let body = answer.split(|byte| *byte == b'\n').next_back().unwrap();
            let body: Vec<u8> = body.to_vec();
            let expected = match name {
                "Connection" => left.to_vec(),
                _ => [b"close", left.strip_suffix(b", close").unwrap_or_default()].concat(),
            };
            assert_eq!(body, expected, "{}", String::from_utf8_lossy(&answer));
        }
    }
}

#[tokio::test]
async fn trailers_claim_nothing() {
    let world = World::new();
    let alice = world.ca.client("alice");
    // What a gateway would forward.
    let names = async |request: Request| {
        let body = request.into_body().collect().await.unwrap();
        let trailers = body.trailers().cloned().unwrap_or_default();
        let mut names: Vec<_> = trailers.keys().map(HeaderName::to_string).collect();
        names.sort();
        names.join(" ")
    };
    let own = ForwardedFormat::escaped_pem("x-caller".parse().unwrap());
    let plain = || Router::new().fallback(names);
    let audit = Audit::capture();
    for adapter in ADAPTERS {
        for (router, left) in [
            (plain(), "x-caller x-fine"),
            (plain().layer(ForwardIdentity::new(own.clone())), "x-fine"),
        ] {
            let server = adapter.start(world.config().build().unwrap(), router).await;
            let config = client::config(&world, Some(&alice), VERSIONS[1]);
            for (trailers, left, claims) in [
                (
                    "Client-Cert: :AA==:\r\nX_Client_Cert: a\r\nX-Caller: b\r\nX-Fine: c\r\n",
                    left,
                    1,
                ),
                ("X-Fine: c\r\n", "x-fine", 0),
            ] {
                audit.take();
                let mut stream = client::connect(server.address, config.clone())
                    .await
                    .unwrap();
                let request = format!(
                    "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
                Transfer-Encoding: chunked\r\nTE: trailers\r\n\
                Trailer: client-cert, x_client_cert, x-caller, x-fine\r\n\r\n\
                1\r\nx\r\n0\r\n{trailers}\r\n"
                );
                stream.write_all(request.as_bytes()).await.unwrap();
                let mut answer = String::new();
                stream.read_to_string(&mut answer).await.unwrap();
                let (_, body) = answer.split_once("\r\n\r\n").unwrap();
                assert_eq!(body, left, "{adapter:?} {answer}");
                let events = audit.take();
                let is_stripped =
                    |event: &Fields| event.get("outcome").is_some_and(|it| it == "stripped");
                let stripped = events.iter().filter(|event| is_stripped(event)).count();
                assert_eq!(stripped, claims, "{adapter:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_gateway_without_an_acceptor_forwards_nothing() {
    let handler = get(async || "reached");
    let router = Router::new()
        .route("/", handler)
        .layer(ForwardIdentity::rfc9440());
    let (status, _) = ask(router.clone()).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    let (status, _) = ask(router.layer(MockClientCert::anonymous())).await;
    assert_eq!(status, StatusCode::OK);
}
