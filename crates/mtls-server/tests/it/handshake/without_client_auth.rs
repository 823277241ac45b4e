//! Clients whose public CA stopped to issue clientAuth: accepted below the CAs that are named, until their date.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, routing::get};
use mtls_server::{
    ClientCert, MtlsConfigBuilder, Resumption, Rule, Serving, SessionStorage, VirtualHost,
    proxy::{ForwardedFormat, TrustForwarded},
    verify::{ChainVerifier, Purpose, TrustAnchors, WithoutClientAuth},
};
use rustls::{AlertDescription, HandshakeKind, SupportedProtocolVersion, version::TLS13};
use test_pki::rcgen::ExtendedKeyUsagePurpose as Eku;
use time::OffsetDateTime;
use tokio::time::timeout;
use x509_identity::Certificate;

use crate::support::{
    World,
    audit::{Audit, Fields},
    client::{self, Failure, VERSIONS},
    connection::{Connection, HTTPS, Http, PATIENCE},
    forwarded::{field, whoami},
    http::{Client, headers},
    pki::{Ca, Leaf, days_from_now},
    start, start_with,
};

/// The world, and a public CA that issues to servers alone.
struct Moving {
    world: World,
    public: Ca,
    host: Leaf,
}

impl Moving {
    fn new() -> Self {
        let public = Ca::root("Public root").issuing("Public issuing");
        let host = public.server("host.example");
        let world = World::new();
        Self {
            world,
            public,
            host,
        }
    }

    /// Trusts both CAs, and no exemption.
    fn config(&self) -> MtlsConfigBuilder {
        self.world.config_trusting(self.anchors())
    }

    fn anchors(&self) -> TrustAnchors {
        TrustAnchors::from_certs([self.world.ca.der(), self.public.der()]).unwrap()
    }

    fn until(&self, until: OffsetDateTime) -> WithoutClientAuth {
        below(&self.public, until)
    }

    async fn ask(&self, server: &Serving, leaf: &Leaf) -> Result<String, Failure> {
        self.ask_by(server.local_addr(), leaf, &TLS13).await
    }

    async fn ask_by(
        &self,
        server: SocketAddr,
        leaf: &Leaf,
        version: &'static SupportedProtocolVersion,
    ) -> Result<String, Failure> {
        let config = client::config(&self.world, Some(leaf), version);
        client::get(server, config, "/").await
    }
}

fn below(ca: &Ca, until: OffsetDateTime) -> WithoutClientAuth {
    let ca = Certificate::from_der(ca.der()).unwrap();
    WithoutClientAuth::new().issued_by(&ca, until)
}

const REFUSED: &str = "wrong-extended-key-usage";

fn said(event: &Fields) -> (&str, &str) {
    (&event["outcome"], &event["reason"])
}

#[tokio::test]
async fn a_client_without_client_auth_is_accepted_below_a_named_ca_until_its_date() {
    let moving = Moving::new();
    let audit = Audit::capture();
    let now = OffsetDateTime::now_utc();
    let (later, over) = (days_from_now(1), now - time::Duration::SECOND);
    let namesake = Ca::root("Public root").issuing("Public issuing");
    let cases = [
        (None, false),
        (Some(moving.until(later)), true),
        (Some(moving.until(over)), false),
        (Some(below(&namesake, later)), false),
        (Some(below(&moving.world.ca, later)), false),
    ];
    for (exemption, accepted) in cases {
        let mut config = moving.config();
        if let Some(exemption) = exemption {
            config = config.accept_without_client_auth(exemption);
        }
        let server = start(config).await;
        for version in VERSIONS {
            let got = moving.ask_by(server.local_addr(), &moving.host, version);
            let got = got.await;
            let event = audit.only();
            if accepted {
                assert!(got.unwrap().ends_with("CN=host.example"));
                assert_eq!(said(&event), ("accepted", "without-client-auth"));
                let day = later.date().to_string();
                assert!(event["until"].starts_with(&day), "{event:?}");
            } else {
                let alert = got.unwrap_err().alert();
                assert_eq!(alert, Some(AlertDescription::UnsupportedCertificate));
                assert_eq!(said(&event), ("refused", REFUSED));
            }
            // Whoever has clientAuth is accepted as ever.
            let alice = moving.world.ca.client("alice");
            let got = moving.ask_by(server.local_addr(), &alice, version).await;
            assert!(got.unwrap().ends_with("CN=alice"));
            assert_eq!(said(&audit.only()), ("accepted", "verified"));
        }
    }
}

#[tokio::test]
async fn server_auth_stands_in_and_any_usage_does_not() {
    let moving = Moving::new();
    let config = moving.config();
    let server = start(config.accept_without_client_auth(moving.until(days_from_now(1)))).await;
    for (usages, accepted) in [
        (vec![Eku::ServerAuth], true),
        (vec![Eku::ServerAuth, Eku::Any], true),
        (vec![Eku::Any], false),
        (vec![Eku::EmailProtection], false),
        (vec![], false),
    ] {
        let leaf = moving.public.server("host.example");
        let leaf = leaf.with(|leaf| leaf.extended_key_usages.clone_from(&usages));
        let got = moving.ask(&server, &leaf).await;
        assert_eq!(got.is_ok(), accepted, "{usages:?}");
    }
}

#[tokio::test]
async fn one_virtual_host_can_have_it_and_the_other_not() {
    let moving = Moving::new();
    let old = VirtualHost::new(moving.world.identity(), moving.anchors())
        .accept_without_client_auth(moving.until(days_from_now(1)));
    let server = start(moving.config().virtual_host("old.example", old)).await;
    for (name, accepted) in [("old.example", true), ("localhost", false)] {
        let config = client::config_with_one_session(&moving.world, Some(&moving.host), &TLS13);
        let stream = client::connect_as(name, server.local_addr(), Arc::new(config)).await;
        let asked = match stream {
            Ok(mut stream) => client::request_of(name, &mut stream, "/").await,
            Err(refused) => Err(refused),
        };
        assert_eq!(asked.is_ok(), accepted, "{name} {asked:?}");
    }
}

/// How long something lasts, in seconds: as short as can be, and longer where that was too short.
const LASTS: [i64; 3] = [2, 5, 8];

#[tokio::test]
async fn a_session_is_resumed_until_the_date_and_not_beyond() {
    for storage in [
        SessionStorage::InMemory { sessions: 100 },
        SessionStorage::InTickets,
    ] {
        for version in VERSIONS {
            session_ends_at_the_date(storage, version).await;
        }
    }
}

async fn session_ends_at_the_date(
    storage: SessionStorage,
    version: &'static SupportedProtocolVersion,
) {
    let moving = Moving::new();
    let audit = Audit::capture();
    let ttl = Duration::from_secs(3600);
    for seconds in LASTS {
        let until = OffsetDateTime::now_utc() + time::Duration::seconds(seconds);
        let config = moving
            .config()
            .accept_without_client_auth(moving.until(until));
        let config = config.resumption(Resumption::Revalidate { ttl, storage });
        let server = start(config).await;
        let config = Arc::new(client::config(&moving.world, Some(&moving.host), version));
        let ask = async || {
            let config = Arc::clone(&config);
            let mut stream = client::connect_as("localhost", server.local_addr(), config).await?;
            let kind = stream.get_ref().1.handshake_kind().unwrap();
            client::request(&mut stream, "/").await?;
            Ok::<_, Failure>(kind)
        };
        let (first, second) = (ask().await, ask().await);
        let (Ok(first), Ok(second)) = (first, second) else {
            assert!(OffsetDateTime::now_utc() >= until);
            continue;
        };
        assert_eq!(
            [first, second],
            [HandshakeKind::Full, HandshakeKind::Resumed]
        );
        let events = audit.take();
        for (event, resumed) in events.iter().zip(["false", "true"]) {
            assert_eq!(said(event), ("accepted", "without-client-auth"));
            assert_eq!(event["resumed"], resumed);
        }
        let refused = async {
            loop {
                match ask().await {
                    Ok(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                    Err(refused) => break refused,
                }
            }
        };
        let refused = timeout(PATIENCE, refused).await.expect("it is refused");
        assert_eq!(
            refused.alert(),
            Some(AlertDescription::UnsupportedCertificate)
        );
        assert_eq!(said(&audit.take().pop().unwrap()), ("refused", REFUSED));
        return;
    }
    unreachable!("two connections took longer than the longest time");
}

#[tokio::test]
async fn an_open_connection_is_ended_at_the_date() {
    for http in HTTPS {
        let ended = async {
            for seconds in LASTS {
                if let Some(ended) = ended_at_the_date(http, seconds).await {
                    return ended;
                }
            }
            unreachable!("two connections took longer than the longest time");
        };
        assert_eq!(said(&ended.await), ("ended", REFUSED));
    }
}

/// The audit event of the end; `None` if the date came before the connection.
async fn ended_at_the_date(http: Http, seconds: i64) -> Option<Fields> {
    let moving = Moving::new();
    let audit = Audit::capture();
    let until = OffsetDateTime::now_utc() + time::Duration::seconds(seconds);
    let config = moving
        .config()
        .accept_without_client_auth(moving.until(until));
    let server = start(config).await;
    let address = server.local_addr();
    let open = async |leaf: &Leaf| {
        let config = client::config(&moving.world, Some(leaf), &TLS13);
        Connection::open(http, address, config).await
    };
    let mut alice = open(&moving.world.ca.client("alice")).await.unwrap();
    let opened = open(&moving.host).await;
    let asked = match opened {
        Ok(mut host) => host.get("/").await.map(|answer| (host, answer)).ok(),
        Err(_) => None,
    };
    let Some((mut host, (200, _))) = asked else {
        assert!(OffsetDateTime::now_utc() >= until);
        return None;
    };
    audit.take();
    host.closed().await;
    assert!(OffsetDateTime::now_utc() >= until);
    assert_eq!(alice.get("/").await.unwrap().0, 200);
    let ended = audit.take();
    assert_eq!(ended.len(), 1, "{ended:?}");
    ended.into_iter().next()
}

#[tokio::test]
async fn taking_it_back_ends_open_connections() {
    let moving = Moving::new();
    let with = || {
        let config = moving.config();
        config.accept_without_client_auth(moving.until(days_from_now(1)))
    };
    let server = start(with()).await;
    let config = client::config(&moving.world, Some(&moving.host), &TLS13);
    let host = Connection::open(HTTPS[1], server.local_addr(), config).await;
    let mut host = host.unwrap();
    assert_eq!(host.get("/").await.unwrap().0, 200);
    server.handle().replace(with().build().unwrap()).await;
    assert_eq!(host.get("/").await.unwrap().0, 200);
    let without = moving.config().build().unwrap();
    server.handle().replace(without).await;
    host.closed().await;
}

#[tokio::test]
async fn a_handler_sees_until_when_its_client_is_accepted() {
    let moving = Moving::new();
    let until = OffsetDateTime::from_unix_timestamp(days_from_now(1).unix_timestamp()).unwrap();
    let router = Router::new().route(
        "/",
        get(
            async |client: ClientCert| match client.without_client_auth_until() {
                Some(until) => until.unix_timestamp().to_string(),
                None => "for good".to_owned(),
            },
        ),
    );
    let config = moving
        .config()
        .accept_without_client_auth(moving.until(until));
    let server = start_with(config, router).await;
    let got = moving.ask(&server, &moving.host).await.unwrap();
    assert!(got.ends_with(&until.unix_timestamp().to_string()), "{got}");
    let alice = moving.world.ca.client("alice");
    let got = moving.ask(&server, &alice).await.unwrap();
    assert!(got.ends_with("for good"), "{got}");
}

#[tokio::test]
async fn what_a_proxy_forwards_is_accepted_so_by_its_verifier_alone_and_is_an_audit_event() {
    let moving = Moving::new();
    let audit = Audit::capture();
    for (exemption, status) in [
        (moving.until(days_from_now(1)), 200),
        (WithoutClientAuth::new(), 403),
    ] {
        let verifier = ChainVerifier::builder(moving.anchors(), Purpose::TlsClient)
            .accept_without_client_auth(exemption)
            .build();
        let trust = TrustForwarded::new(Rule::common_name("edge"), ForwardedFormat::rfc9440());
        let config = moving.config().trust_forwarded(trust.verify(verifier));
        let server = start_with(config, Router::new().route("/", get(whoami))).await;
        let edge = moving.world.ca.client("edge");
        let proxy = Client::new(&moving.world, Some(&edge), "http/1.1");
        let forwarded = headers([("client-cert", field(&moving.host).as_str())]);
        audit.take();
        let (got, body) = proxy.get(&server, "/", forwarded).await;
        assert_eq!(got.as_u16(), status, "{body}");
        let events = audit.take();
        let reasons: Vec<_> = events.iter().map(|event| &*event["reason"]).collect();
        let exempted = reasons.contains(&"without-client-auth");
        assert_eq!(exempted, status == 200, "{reasons:?}");
    }
}
