//! One thing wrong in each: the first finding is that.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use test_pki::{Ca, Leaf};
use time::OffsetDateTime;
use tls_identity::Identity;
use x509_identity::Certificate;

use super::served::{OLDER, Served, listen, requiring};
use crate::files::Given;
use crate::probe::examine;
use crate::report::Report;
use crate::target::Options;

/// One CA for both sides, as most begin.
struct World {
    root: Ca,
    issuing: Ca,
    server: Leaf,
    client: Leaf,
}

impl World {
    fn new() -> Self {
        let root = Ca::root("Root");
        let issuing = root.issuing("Issuing");
        Self {
            server: root.server("localhost"),
            client: issuing.client("client1"),
            issuing,
            root,
        }
    }

    fn healthy(&self) -> Served<'_> {
        Served::requiring(&self.server, &self.root)
    }

    fn given(&self) -> Given {
        given(&self.client, &[&self.root, &self.issuing])
    }
}

fn given(client: &Leaf, cas: &[&Ca]) -> Given {
    let identity = Identity::from_pem(client.chain_pem().as_bytes(), client.key_pem().as_bytes());
    Given {
        identity: Some(identity.unwrap()),
        ca: cas
            .iter()
            .map(|ca| Certificate::from_der(ca.der()).unwrap())
            .collect(),
        ..Given::default()
    }
}

fn examined(scheme: &str, address: SocketAddr, given: &Given) -> Report {
    let mut options = Options::new(OffsetDateTime::now_utc());
    options.timeout = Duration::from_secs(20);
    let mut report = Report::default();
    let url = format!("{scheme}://localhost:{}", address.port());
    examine(&[url.as_str()], given, &options, &mut report);
    report
}

fn first(report: &Report) -> Option<&'static str> {
    report.findings().first().map(|finding| finding.id)
}

/// The value of a fact.
fn fact<'a>(report: &'a Report, label: &str) -> &'a str {
    let fact = report.facts().iter().find(|fact| fact.label == label);
    fact.map_or("", |fact| &fact.value)
}

#[test]
fn nothing_is_wrong_with_a_healthy_server() {
    let world = World::new();
    let report = examined("https", world.healthy().start(), &world.given());
    assert_eq!(report.findings(), []);
    assert_eq!(fact(&report, "client certificate"), "required");
    assert!(fact(&report, "CAs it names").starts_with("1 name, "));
    assert!(fact(&report, "CAs it names").ends_with("; one of them issued our chain"));
    let refused = fact(&report, "no certificate");
    assert_eq!(
        refused.matches("alert certificate_required").count(),
        2,
        "{refused}"
    );
    let stranger = fact(&report, "one of an unknown CA");
    assert_eq!(
        stranger.matches("alert unknown_ca").count(),
        2,
        "{stranger}"
    );
    let ours = fact(&report, "our certificate");
    assert_eq!(
        ours,
        "TLS 1.3: connected, answer 200; TLS 1.2: connected, answer 200"
    );
    assert_eq!(fact(&report, "sessions"), "resumed");
    assert!(fact(&report, "pin of the server").starts_with("sha256//"));
    assert!(!report.questions().is_empty());
}

#[test]
fn without_an_identity_a_healthy_server_is_healthy() {
    let world = World::new();
    let roots = Given {
        identity: None,
        ..world.given()
    };
    let report = examined("https", world.healthy().start(), &roots);
    assert_eq!(report.findings(), []);
    let report = examined("https", world.healthy().start(), &Given::default());
    assert_eq!(report.findings(), []);
    assert!(
        report
            .questions()
            .iter()
            .any(|one| one.what.contains("CN=Root"))
    );
}

#[test]
fn a_server_that_trusts_another_ca_is_told_from_one_without_the_intermediate() {
    let world = World::new();
    let other = Ca::root("Other");
    let served = || Served::requiring(&world.server, &other);
    let report = examined("https", served().start(), &world.given());
    assert_eq!(first(&report), Some("client-ca-not-trusted"));
    let finding = &report.findings()[0];
    assert!(
        finding.what.contains("CN=Issuing") && finding.what.contains("CN=Other"),
        "{}",
        finding.what
    );
    assert!(finding.why.contains("alert unknown_ca"), "{}", finding.why);

    let leaf_only = world.client.clone().without_intermediates();
    let report = examined(
        "https",
        world.healthy().start(),
        &given(&leaf_only, &[&world.root, &world.issuing]),
    );
    assert_eq!(first(&report), Some("intermediate-not-sent"));
    let report = examined(
        "https",
        world.healthy().start(),
        &given(&leaf_only, &[&world.root]),
    );
    assert_eq!(first(&report), Some("client-ca-not-trusted"));
}

#[test]
fn a_ca_that_was_made_anew_has_the_name_and_another_key() {
    let world = World::new();
    let again = Ca::root("Root");
    let client = world.root.client("client1");
    let served = Served::requiring(&world.server, &again);
    let report = examined("https", served.start(), &given(&client, &[&world.root]));
    assert_eq!(first(&report), Some("client-ca-of-that-name"));
}

#[test]
fn what_is_wrong_with_our_certificate_is_the_reason() {
    let world = World::new();
    for (client, id) in [
        (world.root.client("client1").expired(), "client-expired"),
        (
            world.root.client("client1").not_yet_valid(),
            "client-not-yet-valid",
        ),
        (world.root.server("client1"), "client-usage"),
    ] {
        let report = examined(
            "https",
            world.healthy().start(),
            &given(&client, &[&world.root]),
        );
        assert_eq!(first(&report), Some(id), "{:?}", report.findings());
    }
}

#[test]
fn the_servers_own_certificate_is_checked_for_its_clients() {
    let world = World::new();
    let other = Ca::root("Other");
    let from_issuing = world.issuing.server("localhost");
    for (server, id) in [
        (world.root.server("localhost").expired(), "server-expired"),
        (
            world.root.server("localhost").not_yet_valid(),
            "server-not-yet-valid",
        ),
        (world.root.server("api.example.local"), "server-name"),
        (other.server("localhost"), "server-untrusted"),
        (world.root.client("localhost"), "server-usage"),
        (
            from_issuing.clone().without_intermediates(),
            "server-chain-incomplete",
        ),
    ] {
        let report = examined(
            "https",
            Served::requiring(&server, &world.root).start(),
            &world.given(),
        );
        assert_eq!(first(&report), Some(id), "{:?}", report.findings());
    }
    let served = Served::requiring(&from_issuing, &world.root);
    assert_eq!(
        examined("https", served.start(), &world.given()).findings(),
        []
    );
}

#[test]
fn who_does_not_ask_or_not_insist_is_found() {
    let world = World::new();
    let off = Served {
        client_auth: None,
        ..world.healthy()
    };
    let report = examined("https", off.start(), &world.given());
    assert_eq!(first(&report), Some("certificate-not-requested"));
    assert_eq!(fact(&report, "client certificate"), "not requested");

    let elsewhere = Served {
        client_auth: Some(requiring(&world.root, &[&Ca::root("Elsewhere")])),
        ..world.healthy()
    };
    let report = examined("https", elsewhere.start(), &world.given());
    assert_eq!(first(&report), Some("hints-without-issuer"));
}

#[test]
fn a_server_of_tls_1_2_alone_is_warned_of() {
    let world = World::new();
    let old = Served {
        versions: &OLDER,
        ..world.healthy()
    };
    let report = examined("https", old.start(), &world.given());
    assert_eq!(first(&report), Some("tls-1.3-missing"));
    assert_eq!(report.findings().len(), 1);
}

#[test]
fn a_refusal_in_http_is_a_refusal() {
    let world = World::new();
    for (answer, id) in [
        (
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
            Some("client-denied"),
        ),
        (
            "HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n<title>400 The SSL certificate error</title>",
            Some("client-refused"),
        ),
        (
            "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
            None,
        ),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", None),
    ] {
        let served = Served {
            answer,
            ..world.healthy()
        };
        let client = given(&world.root.client("client1"), &[&world.root]);
        let report = examined("https", served.start(), &client);
        assert_eq!(first(&report), id, "{answer}");
    }
}

#[test]
fn a_hello_that_is_too_large_for_something_between_is_found() {
    let world = World::new();
    let narrow = |largest_hello| Served {
        largest_hello,
        ..world.healthy()
    };
    let report = examined("https", narrow(1000).start(), &world.given());
    assert_eq!(first(&report), Some("hello-cut"));
    assert_eq!(
        examined("https", narrow(4000).start(), &world.given()).findings(),
        []
    );
}

#[test]
fn a_service_of_another_protocol_is_not_taken_for_a_refusal() {
    let world = World::new();
    let served = Served {
        answer: "",
        ..world.healthy()
    };
    let report = examined("https", served.start(), &world.given());
    assert_eq!(report.findings(), []);
    let ours = fact(&report, "our certificate");
    assert_eq!(ours.matches("connected, closed").count(), 2, "{ours}");
}

#[test]
fn what_certificates_point_to_is_fetched() {
    let world = World::new();
    let serving = |body: Vec<u8>, status: &'static str| {
        listen(move |mut stream| {
            let mut request = [0; 2048];
            let _ = stream.read(&mut request);
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(&[head.as_bytes(), &body].concat());
        })
    };
    let pointing = |address: SocketAddr| {
        world.root.client("client1").with(|params| {
            let uris = vec![format!("http://localhost:{}/ca.crl", address.port())];
            params.crl_distribution_points = vec![rcgen::CrlDistributionPoint { uris }];
        })
    };
    let judged = |client: &Leaf| {
        let report = examined(
            "https",
            world.healthy().start(),
            &given(client, &[&world.root]),
        );
        report
            .findings()
            .iter()
            .map(|one| one.id)
            .collect::<Vec<_>>()
    };
    let crl = |crl: test_pki::Crl| crl.der().to_vec();
    let fresh = || world.root.crl();
    let client = pointing(SocketAddr::from(([127, 0, 0, 1], 1)));
    for (body, status, ids) in [
        (crl(fresh()), "200 OK", &[][..]),
        (fresh().pem().into_bytes(), "200 OK", &[]),
        (crl(fresh().expired()), "200 OK", &["crl-expired"]),
        (
            crl(Ca::root("Other").crl()),
            "200 OK",
            &["crl-of-another-ca"],
        ),
        (
            crl(Ca::root("Root").crl()),
            "200 OK",
            &["crl-of-another-ca"],
        ),
        (b"<html>".to_vec(), "200 OK", &["crl-unreadable"]),
        (crl(fresh()), "404 Not Found", &["revocation-unreachable"]),
        (crl(fresh()), "302 Found", &["revocation-unreachable"]),
    ] {
        assert_eq!(judged(&pointing(serving(body, status))), ids, "{status}");
    }
    assert_eq!(judged(&client), ["revocation-unreachable"]);
    let revoked = pointing(serving(Vec::new(), "200 OK")).serial(7u64);
    let body = crl(fresh().revoke(&revoked));
    let revoked = pointing(serving(body, "200 OK")).serial(7u64);
    assert_eq!(judged(&revoked), ["client-revoked"]);
}

#[test]
fn before_tls_there_are_other_reasons() {
    let world = World::new();
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    assert_eq!(
        first(&examined("https", nobody, &world.given())),
        Some("nobody-listens")
    );

    let plain = || {
        listen(|mut stream| {
            let mut request = [0; 2048];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
        })
    };
    assert_eq!(
        first(&examined("https", plain(), &world.given())),
        Some("plain-http")
    );
    assert_eq!(
        first(&examined("http", plain(), &world.given())),
        Some("no-tls-in-url")
    );
    assert_eq!(
        first(&examined("http", world.healthy().start(), &world.given())),
        Some("http-on-a-tls-port")
    );

    let greeting = listen(|mut stream| drop(stream.write_all(b"220 mail.example ESMTP\r\n")));
    assert_eq!(
        first(&examined("https", greeting, &world.given())),
        Some("not-tls")
    );
    let cut = listen(drop);
    assert_eq!(
        first(&examined("https", cut, &world.given())),
        Some("handshake-cut")
    );
}
