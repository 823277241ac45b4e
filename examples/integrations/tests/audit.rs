//! The trail of `audit`, line by line, and its figures.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../tests/support/mod.rs"]
mod support;

use std::{fs, net::SocketAddr, os::unix::fs::PermissionsExt as _};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::Value;
use support::{PATIENCE, Pki, Program, address_after};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

struct Scene {
    pki: Pki,
    program: Program,
    api: SocketAddr,
    operations: SocketAddr,
}

impl Scene {
    /// Alice may read orders.
    fn new(more: &[&str]) -> Self {
        let pki = Pki::new();
        pki.write("rule.toml", "common_name = \"alice\"\nname = \"readers\"\n");
        let rule = pki.path("rule.toml");
        let operations = ["--operations", "127.0.0.1:0", "--rule"].map(str::to_owned);
        let mut arguments = pki.arguments(more);
        arguments.extend(operations);
        arguments.push(rule.to_str().unwrap().to_owned());
        let program = Program::start("audit", arguments);
        let (api, operations) = program.line(|line| {
            let api = address_after(line, "listening on https://")?;
            Some((api, address_after(line, "operations on http://")?))
        });
        Self {
            pki,
            program,
            api,
            operations,
        }
    }

    /// The next line of the trail with this outcome.
    fn told(&self, outcome: &str) -> Value {
        self.program.line(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            (line["outcome"] == outcome).then_some(line)
        })
    }

    /// Plain HTTP, as a supervisor on the same machine asks.
    async fn operations(&self, path: &str) -> String {
        let url = format!("http://{}{path}", self.operations);
        let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
        let answer = client.get(url.parse().unwrap()).await.unwrap();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(body.to_vec()).unwrap()
    }
}

#[tokio::test]
async fn each_of_five_things_that_happen_is_told_and_counted() {
    let scene = Scene::new(&[]);
    let pki = &scene.pki;
    let (alice, bob) = (pki.client("alice"), pki.client("bob"));
    let mallory = pki.client_of(&Pki::new(), "mallory");

    let answer = alice.get(scene.api, "/orders?of=march").await.unwrap();
    assert_eq!(answer, (200, "orders of CN=alice\n".to_owned()));
    let came = scene.told("accepted");
    assert_eq!(came["reason"], "verified");
    let decided = scene.told("allowed");
    for line in [&came, &decided] {
        assert_eq!(line["subject"], "CN=alice");
        assert_eq!(line["serial"], alice.certificate.serial().to_string());
        let peer: SocketAddr = line["peer"].as_str().unwrap().parse().unwrap();
        assert!(peer.ip().is_loopback());
        let time = line["timestamp"].as_str().unwrap();
        let time = OffsetDateTime::parse(time, &Rfc3339).unwrap();
        assert!((OffsetDateTime::now_utc() - time).abs() < time::Duration::minutes(1));
    }
    assert_eq!(decided["rule"], "readers");
    assert_eq!(decided["span"]["path"], "/orders");
    assert_eq!(decided["span"]["method"], "GET");

    mallory.get(scene.api, "/orders").await.unwrap_err();
    let refused = scene.told("refused");
    assert_eq!(refused["subject"], "CN=mallory");
    assert_eq!(refused["reason"], "unknown-issuer");

    let (status, body) = bob.get(scene.api, "/orders").await.unwrap();
    assert_eq!(status, 403);
    assert!(body.contains("client_certificate_denied") && !body.contains("bob"));
    let denied = scene.told("denied");
    assert_eq!(
        (&denied["subject"], &denied["rule"]),
        (&"CN=bob".into(), &"readers".into())
    );

    let forged = [
        ("x-ssl-client-s-dn", "CN=alice"),
        ("x-forwarded-client-cert", "Hash=00"),
    ];
    let answer = bob.get_with(scene.api, "/orders", &forged).await.unwrap();
    assert_eq!(answer.0, 403);
    let stripped = scene.told("stripped");
    assert_eq!(stripped["subject"], "CN=bob");
    assert_eq!(stripped["reason"], "untrusted-certificate-header");

    pki.revoke(2, &[&alice.certificate]);
    scene.program.hang_up();
    let ended = scene.told("ended");
    assert_eq!(
        (&ended["subject"], &ended["reason"]),
        (&"CN=alice".into(), &"revoked".into())
    );
    // 403 on the connection that is about to end, and no other one.
    while let Ok((status, _)) = alice.get(scene.api, "/orders").await {
        assert_eq!(status, 403);
    }
    assert_eq!(scene.told("refused")["reason"], "revoked");

    let figures = scene.operations("/metrics").await;
    for expected in [
        r#"mtls_server_handshakes_total{outcome="accepted","#,
        r#"mtls_server_handshakes_total{outcome="refused",reason="unknown-issuer","#,
        r#"mtls_server_handshakes_total{outcome="refused",reason="revoked","#,
        r#"mtls_server_requests_denied_total{rule="readers"} 2"#,
        r#"mtls_server_connections_ended_total{reason="revoked"} 1"#,
        r#"mtls_server_reloads_total{outcome="taken"} 1"#,
        "mtls_server_spoofed_headers_total 1",
        "mtls_server_generation 2",
        r#"mtls_server_handshake_seconds_bucket{outcome="accepted",le="+Inf"} 2"#,
    ] {
        assert!(
            figures.contains(expected),
            "{expected} is not in\n{figures}"
        );
    }
    // Nobody is named in figures.
    assert!(!figures.contains("alice") && !figures.contains("mallory"));
    let health: Value = serde_json::from_str(&scene.operations("/readyz").await).unwrap();
    assert_eq!(
        (&health["status"], &health["generation"]),
        (&"ok".into(), &2.into())
    );
}

#[tokio::test]
async fn a_trail_in_a_file_is_its_owners_and_grows_at_its_end() {
    let keep = tempfile::tempdir().unwrap();
    let trail = keep.path().join("audit.jsonl");
    let mut lines = 0;
    for _ in 0..2 {
        let scene = Scene::new(&["--trail", trail.to_str().unwrap()]);
        let alice = scene.pki.client("alice");
        alice.get(scene.api, "/orders").await.unwrap();
        let written = async {
            while fs::read_to_string(&trail).unwrap().lines().count() < lines + 2 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, written).await.unwrap();
        lines += 2;
    }
    let text = fs::read_to_string(&trail).unwrap();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["subject"], "CN=alice");
    }
    assert_eq!(
        fs::metadata(&trail).unwrap().permissions().mode() & 0o777,
        0o600
    );
}
