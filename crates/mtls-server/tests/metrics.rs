//! Figures: their names, labels and values, for what is good and for what is not.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{Router, http::StatusCode, routing::get};
use metrics_util::{
    MetricKind,
    debugging::{DebugValue, DebuggingRecorder, Snapshotter},
};
use mtls_server::{
    ClientAuth, MtlsFiles, RequireClientCert, Rule, Serving, VirtualHostFiles,
    verify::{Revocation, WithoutClientAuth},
};
use rustls::version::{TLS12, TLS13};
use time::OffsetDateTime;

use support::{
    World,
    client::{self, VERSIONS},
    connection::{Connection, Http},
    http::{Client, PROTOCOLS, headers},
    pki::{Ca, Leaf, crl_set},
    start, start_with,
};

/// What was recorded since the last look.
///
/// There is one recorder for all threads of a process, so there is one test that makes figures, which
/// calls the scenes below one after the other.
struct Figures(Snapshotter);

/// Kind, name, and labels as `name=value`.
type Series = (MetricKind, String, Vec<String>);

impl Figures {
    fn install() -> Self {
        let recorder = DebuggingRecorder::new();
        let figures = Self(recorder.snapshotter());
        recorder.install().unwrap();
        figures
    }

    fn take(&self) -> Taken {
        let all = self.0.snapshot().into_vec().into_iter();
        Taken(
            all.map(|(key, _, _, value)| {
                let (kind, key) = key.into_parts();
                let labels = key
                    .labels()
                    .map(|it| format!("{}={}", it.key(), it.value()));
                ((kind, key.name().to_owned(), labels.collect()), value)
            })
            .collect(),
        )
    }
}

struct Taken(BTreeMap<Series, DebugValue>);

impl Taken {
    /// All series of this name that have counted something: those labels of them, and how much.
    fn counted(&self, name: &str, picked: &[&str]) -> Vec<(String, u64)> {
        let is_picked = |label: &&String| {
            let name = label.split_once('=').map(|(name, _)| name);
            name.is_some_and(|name| picked.contains(&name))
        };
        let of_name = self.0.iter().filter(|((_, it, _), _)| it == name);
        of_name
            .filter_map(|((kind, _, labels), value)| {
                assert_eq!(*kind, MetricKind::Counter, "{name}");
                match value {
                    DebugValue::Counter(0) => None,
                    DebugValue::Counter(count) => {
                        let labels = labels.iter().filter(is_picked).map(String::as_str);
                        Some((labels.collect::<Vec<_>>().join(" "), *count))
                    }
                    other => panic!("{name} is {other:?}"),
                }
            })
            .collect()
    }

    fn gauge(&self, name: &str) -> f64 {
        match self
            .0
            .get(&(MetricKind::Gauge, name.to_owned(), Vec::new()))
        {
            Some(DebugValue::Gauge(value)) => value.into_inner(),
            other => panic!("{name} is {other:?}"),
        }
    }

    /// What a histogram with this outcome was given.
    fn seconds(&self, outcome: &str) -> Vec<f64> {
        let labels = vec![format!("outcome={outcome}")];
        let name = "mtls_server_handshake_seconds".to_owned();
        match self.0.get(&(MetricKind::Histogram, name, labels)) {
            Some(DebugValue::Histogram(values)) => {
                values.iter().map(|value| value.into_inner()).collect()
            }
            None => Vec::new(),
            other => panic!("{other:?}"),
        }
    }
}

const HANDSHAKES: &str = "mtls_server_handshakes_total";
const LABELS: [&str; 6] = [
    "outcome",
    "reason",
    "alert",
    "version",
    "key_exchange",
    "resumed",
];

fn once(labels: &str) -> Vec<(String, u64)> {
    vec![(labels.to_owned(), 1)]
}

#[tokio::test]
async fn what_happens_is_counted_under_its_name() {
    let figures = Figures::install();
    handshakes_by_outcome(&figures).await;
    open_connections(&figures).await;
    resumed_handshakes(&figures).await;
    clients_without_client_auth(&figures).await;
    ends_and_generations(&figures).await;
    denials(&figures).await;
    spoofed_headers(&figures).await;
    reloads(&figures).await;
}

async fn handshakes_by_outcome(figures: &Figures) {
    let world = World::new();
    let alice = world.ca.client("alice");
    let stranger = Ca::root("elsewhere").client("mallory");
    let optional = start(world.config().client_auth(ClientAuth::Optional)).await;
    let required = start(world.config()).await;
    figures.take();
    type Case<'a> = (&'a Serving, Option<&'a Leaf>, &'a str, &'a str, &'a str);
    let cases: [Case<'_>; 4] = [
        (&required, Some(&alice), "accepted", "", ""),
        (&optional, None, "anonymous", "", ""),
        (
            &required,
            None,
            "refused",
            "no-certificate",
            "CertificateRequired",
        ),
        (
            &required,
            Some(&stranger),
            "refused",
            "unknown-issuer",
            "UnknownCA",
        ),
    ];
    for version in VERSIONS {
        for (server, leaf, outcome, reason, alert) in cases {
            let config = client::config(&world, leaf, version);
            let got = client::get(server.local_addr(), config, "/").await;
            assert_eq!(got.is_ok(), outcome != "refused", "{got:?}");
            let taken = figures.take();
            let name = if version == &TLS12 {
                "TLSv1.2"
            } else {
                "TLSv1.3"
            };
            let exchange = if outcome == "refused" { "" } else { "X25519" };
            let labels = format!(
                "outcome={outcome} reason={reason} alert={alert} version={name} key_exchange={exchange} resumed=false"
            );
            assert_eq!(taken.counted(HANDSHAKES, &LABELS), once(&labels));
            let [seconds] = taken.seconds(outcome)[..] else {
                panic!("one handshake, one duration")
            };
            assert!(seconds > 0.0 && seconds < 10.0, "{seconds}");
        }
    }
    // Before there is a version to tell.
    let mut peer = tokio::net::TcpStream::connect(required.local_addr())
        .await
        .unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut peer, b"GET / HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    tokio::io::AsyncReadExt::read_to_end(&mut peer, &mut Vec::new())
        .await
        .unwrap();
    let labels = "outcome=refused reason=not-tls alert= version= key_exchange= resumed=false";
    assert_eq!(figures.take().counted(HANDSHAKES, &LABELS), once(labels));
}

async fn open_connections(figures: &Figures) {
    let world = World::new();
    let alice = world.ca.client("alice");
    let server = start(world.config()).await;
    let address = server.local_addr();
    let count = async |wanted: usize| {
        while server.connection_count() != wanted {
            tokio::task::yield_now().await;
        }
        figures.take()
    };
    let silent = async || tokio::net::TcpStream::connect(address).await.unwrap();
    let first = silent().await;
    assert_eq!(count(1).await.gauge("mtls_server_half_open"), 1.0);
    let second = silent().await;
    assert_eq!(count(2).await.gauge("mtls_server_half_open"), 2.0);
    drop(second);
    assert_eq!(count(1).await.gauge("mtls_server_half_open"), 1.0);

    let mut open = Vec::new();
    for wanted in [1, 2] {
        let config = client::config(&world, Some(&alice), &TLS13);
        let connection = Connection::open(Http::One, address, config).await;
        let mut connection = connection.unwrap();
        connection.get("/").await.unwrap();
        open.push(connection);
        let taken = count(1 + wanted).await;
        assert_eq!(taken.gauge("mtls_server_connections"), wanted as f64);
    }
    open.truncate(1);
    assert_eq!(count(2).await.gauge("mtls_server_connections"), 1.0);
    // What their ends count is none of the next scene's.
    drop((first, open));
    let _ = count(0).await;
    server
        .graceful_shutdown(Duration::from_secs(1))
        .await
        .unwrap();
}

async fn resumed_handshakes(figures: &Figures) {
    let world = World::new();
    let alice = world.ca.client("alice");
    let server = start(world.config()).await;
    for version in VERSIONS {
        let config = Arc::new(client::config(&world, Some(&alice), version));
        figures.take();
        for resumed in ["false", "true"] {
            let stream = client::connect_as("localhost", server.local_addr(), Arc::clone(&config));
            client::request(&mut stream.await.unwrap(), "/")
                .await
                .unwrap();
            let counted = figures.take().counted(HANDSHAKES, &LABELS);
            let [(labels, 1)] = &counted[..] else {
                panic!("one handshake, not {counted:?}")
            };
            assert!(labels.ends_with(&format!("resumed={resumed}")), "{labels}");
            assert!(labels.starts_with("outcome=accepted "), "{labels}");
        }
    }
}

async fn clients_without_client_auth(figures: &Figures) {
    const WITHOUT: &str = "mtls_server_accepted_without_client_auth_total";
    let world = World::new();
    let ca = x509_identity::Certificate::from_der(world.ca.der()).unwrap();
    let until = support::pki::days_from_now(1);
    let exemption = WithoutClientAuth::new().issued_by(&ca, until);
    let server = start(world.config().accept_without_client_auth(exemption)).await;
    let (host, alice) = (world.ca.server("host.example"), world.ca.client("alice"));
    for (leaf, counts) in [(&host, true), (&alice, false)] {
        let config = Arc::new(client::config(&world, Some(leaf), &TLS13));
        figures.take();
        for resumed in ["false", "true"] {
            let stream = client::connect_as("localhost", server.local_addr(), Arc::clone(&config));
            client::request(&mut stream.await.unwrap(), "/")
                .await
                .unwrap();
            let expected = match counts {
                true => once(&format!("resumed={resumed}")),
                false => Vec::new(),
            };
            assert_eq!(figures.take().counted(WITHOUT, &["resumed"]), expected);
        }
    }
}

async fn ends_and_generations(figures: &Figures) {
    const ENDED: &str = "mtls_server_connections_ended_total";
    let world = World::new();
    let alice = world.ca.client("alice").serial(0x5150_u64);
    let revoking = |serials: &[u64]| {
        let list = world.ca.crl().revoke_all(serials.iter().copied());
        world.config().revocation(Revocation::new(crl_set(&list)))
    };
    figures.take();
    let server = start(revoking(&[])).await;
    let taken = figures.take();
    assert_eq!(taken.gauge("mtls_server_generation"), 1.0);
    assert_eq!(taken.gauge("mtls_server_crl_entries"), 0.0);
    let next = taken.gauge("mtls_server_crl_next_update_seconds");
    let ends = taken.gauge("mtls_server_identity_not_after_seconds");
    let month = support::pki::days_from_now(30).unix_timestamp() as f64;
    assert!((ends - month).abs() < 60.0, "{ends}");
    let soon = OffsetDateTime::now_utc().unix_timestamp() as f64;
    assert!(next > soon && next < month + 86_400.0, "{next}");

    let config = client::config(&world, Some(&alice), &TLS13);
    let open = Connection::open(Http::Two, server.local_addr(), config).await;
    let mut open = open.unwrap();
    assert_eq!(open.get("/").await.unwrap().0, 200);
    // Another list that does not name her is no reason to end anything.
    server
        .handle()
        .replace(revoking(&[7]).build().unwrap())
        .await;
    let taken = figures.take();
    assert_eq!(taken.gauge("mtls_server_generation"), 2.0);
    assert_eq!(taken.gauge("mtls_server_crl_entries"), 1.0);
    assert_eq!(taken.counted(ENDED, &["reason"]), []);
    server
        .handle()
        .replace(revoking(&[0x5150]).build().unwrap())
        .await;
    assert_eq!(
        figures.take().counted(ENDED, &["reason"]),
        once("reason=revoked")
    );
    let without_lists = world.config().build().unwrap();
    server.handle().replace(without_lists).await;
    let taken = figures.take();
    assert_eq!(taken.gauge("mtls_server_crl_entries"), 0.0);
    assert!(taken.gauge("mtls_server_crl_next_update_seconds").is_nan());
}

async fn denials(figures: &Figures) {
    const DENIED: &str = "mtls_server_requests_denied_total";
    let world = World::new();
    let readers = Rule::common_name("alice").named("readers");
    let router = Router::new()
        .route("/", get(async || "secret"))
        .layer(RequireClientCert::new(readers));
    let server = start_with(world.config(), router).await;
    for protocol in PROTOCOLS {
        for (name, status, expected) in [
            ("alice", StatusCode::OK, vec![]),
            ("bob", StatusCode::FORBIDDEN, once("rule=readers")),
        ] {
            let client = Client::new(&world, Some(&world.ca.client(name)), protocol);
            let answer = client.get(&server, "/", headers([])).await;
            assert_eq!(answer.0, status);
            assert_eq!(figures.take().counted(DENIED, &["rule"]), expected);
        }
    }
}

async fn spoofed_headers(figures: &Figures) {
    const SPOOFED: &str = "mtls_server_spoofed_headers_total";
    let world = World::new();
    let server = start(world.config()).await;
    let alice = world.ca.client("alice");
    for protocol in PROTOCOLS {
        let client = Client::new(&world, Some(&alice), protocol);
        for (header, expected) in [
            (("x-request-id", "1"), vec![]),
            (("x-forwarded-client-cert", "Hash=00"), once("")),
        ] {
            client.get(&server, "/", headers([header])).await;
            assert_eq!(figures.take().counted(SPOOFED, &[]), expected);
        }
    }
}

async fn reloads(figures: &Figures) {
    const RELOADS: &str = "mtls_server_reloads_total";
    let world = World::new();
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let chain = write("server.crt", &world.server.chain_pem());
    let key = write("server.key", &world.server.key_pem());
    let roots = write("ca.crt", &world.ca.pem());
    let lists = write("ca.crl", &world.ca.crl().pem());
    let files = MtlsFiles::new(VirtualHostFiles::new(chain, key, roots).crl(lists));
    let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = mtls_server::serve(tcp, support::router(), files.load().await.unwrap()).unwrap();
    figures.take();
    for (written, expected) in [
        (None, vec![]),
        (
            Some(world.ca.crl().revoke(7_u64).pem()),
            once("outcome=taken"),
        ),
        (Some("garbage".to_owned()), once("outcome=refused")),
    ] {
        if let Some(content) = written {
            write("ca.crl", &content);
        }
        // Which of them fails is the metric's to tell.
        let _ = server.handle().reload().await;
        assert_eq!(figures.take().counted(RELOADS, &["outcome"]), expected);
    }
}
