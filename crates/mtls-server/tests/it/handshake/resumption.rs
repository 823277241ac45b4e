//! Sessions are resumed by those who would be let in anew, and by nobody else.

use std::{sync::Arc, time::Duration};

use mtls_server::{
    ClientAuth, MtlsConfig, MtlsConfigBuilder, Resumption, Rule, Serving, SessionStorage,
    VirtualHost,
    verify::{CrlSet, Revocation, TrustAnchors},
};
use rustls::{ClientConfig, HandshakeKind, SupportedProtocolVersion};
use test_pki::KeyKind;
use time::OffsetDateTime;
use tokio::time::timeout;

use crate::support::{
    World,
    audit::Audit,
    client::{self, Failure, VERSIONS},
    connection::PATIENCE,
    pki::{Ca, Leaf, crl_set},
    start,
};

const HOUR: Duration = Duration::from_secs(3600);

/// Where sessions are kept.
const STORAGES: [SessionStorage; 2] = [
    SessionStorage::InMemory { sessions: 100 },
    SessionStorage::InTickets,
];

/// Each kind of store in each version of TLS.
fn each() -> impl Iterator<Item = (Resumption, &'static SupportedProtocolVersion)> {
    STORAGES.into_iter().flat_map(|storage| {
        let resumption = Resumption::Revalidate { ttl: HOUR, storage };
        VERSIONS.map(|version| (resumption, version))
    })
}

/// A client that keeps its sessions, and what its last connections were.
struct Client {
    config: Arc<ClientConfig>,
    server: std::net::SocketAddr,
}

impl Client {
    fn new(
        world: &World,
        server: &Serving,
        leaf: Option<&Leaf>,
        version: &'static SupportedProtocolVersion,
    ) -> Self {
        Self {
            config: Arc::new(client::config(world, leaf, version)),
            server: server.local_addr(),
        }
    }

    /// How the handshake went, and what was answered.
    async fn ask(&self) -> Result<(HandshakeKind, String), Failure> {
        self.ask_for("localhost").await
    }

    async fn ask_for(&self, name: &str) -> Result<(HandshakeKind, String), Failure> {
        let mut stream = client::connect_as(name, self.server, Arc::clone(&self.config)).await?;
        let kind = stream.get_ref().1.handshake_kind().unwrap();
        let answer = client::request_of(name, &mut stream, "/").await?;
        Ok((kind, answer.rsplit("\r\n").next().unwrap().to_owned()))
    }

    /// Why it is refused in the end.
    async fn refused(&self) -> Failure {
        let refused = async {
            loop {
                match self.ask().await {
                    Ok(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                    Err(refused) => break refused,
                }
            }
        };
        timeout(PATIENCE, refused).await.expect("it is refused")
    }

    async fn is_resumed(&self) -> bool {
        self.ask().await.unwrap().0 == HandshakeKind::Resumed
    }
}

fn anchors(cas: &[&Ca]) -> TrustAnchors {
    TrustAnchors::from_certs(cas.iter().map(|ca| ca.der())).unwrap()
}

async fn replace(server: &Serving, config: MtlsConfigBuilder) {
    server.handle().replace(config.build().unwrap()).await;
}

#[tokio::test]
async fn a_session_is_resumed_again_and_again_by_the_one_it_began_with() {
    for (resumption, version) in each() {
        let world = World::new();
        let audit = Audit::capture();
        let server = start(world.config().resumption(resumption)).await;
        let alice = Client::new(&world, &server, Some(&world.ca.client("alice")), version);
        let (kind, answer) = alice.ask().await.unwrap();
        assert_eq!((kind, &*answer), (HandshakeKind::Full, "CN=alice"));
        assert_eq!(audit.only()["resumed"], "false");
        for _ in 0..4 {
            let (kind, answer) = alice.ask().await.unwrap();
            assert_eq!(
                (kind, &*answer),
                (HandshakeKind::Resumed, "CN=alice"),
                "{resumption:?}"
            );
            let event = audit.only();
            assert_eq!(
                (&*event["resumed"], &*event["subject"]),
                ("true", "CN=alice")
            );
        }
        let bob = Client::new(&world, &server, Some(&world.ca.client("bob")), version);
        assert_eq!(
            bob.ask().await.unwrap(),
            (HandshakeKind::Full, "CN=bob".to_owned())
        );
    }
}

#[tokio::test]
async fn nothing_is_resumed_where_that_is_off() {
    let world = World::new();
    let server = start(world.config().resumption(Resumption::Off)).await;
    for version in VERSIONS {
        let alice = Client::new(&world, &server, Some(&world.ca.client("alice")), version);
        for _ in 0..3 {
            assert!(!alice.is_resumed().await);
        }
    }
}

#[tokio::test]
async fn a_session_ends_when_its_time_is_over_and_resuming_does_not_prolong_it() {
    for (resumption, version) in each() {
        let Resumption::Revalidate { storage, .. } = resumption else {
            unreachable!()
        };
        let ttl = Duration::from_secs(2);
        let world = World::new();
        let server = start(
            world
                .config()
                .resumption(Resumption::Revalidate { ttl, storage }),
        )
        .await;
        let alice = Client::new(&world, &server, Some(&world.ca.client("alice")), version);
        assert!(!alice.is_resumed().await);
        let began = std::time::Instant::now();
        let mut resumed = 0;
        // Each resumption gives a fresh ticket, and all of them end with the first.
        while alice.is_resumed().await {
            resumed += 1;
            assert!(
                began.elapsed() < Duration::from_secs(5),
                "{storage:?} {version:?}"
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        assert!(resumed > 2, "{resumed} {storage:?} {version:?}");
    }
}

#[tokio::test]
async fn a_reload_ends_all_sessions_and_good_clients_do_not_notice() {
    for (resumption, version) in each() {
        let world = World::new();
        let server = start(world.config().resumption(resumption)).await;
        let alice = Client::new(&world, &server, Some(&world.ca.client("alice")), version);
        assert!(!alice.is_resumed().await);
        assert!(alice.is_resumed().await);
        replace(&server, world.config().resumption(resumption)).await;
        assert!(!alice.is_resumed().await);
        assert!(alice.is_resumed().await);
    }
}

/// What takes the right to connect from a client that has a session, and the reason that the audit names.
type Change = (
    &'static str,
    fn(&World, &Ca, MtlsConfigBuilder) -> MtlsConfigBuilder,
);

const REVOKED: u64 = 0x5150;

const CHANGES: [Change; 2] = [
    ("revoked", |world, _, config| {
        let lists = crl_set(&world.ca.crl().revoke(REVOKED));
        config.revocation(Revocation::new(lists))
    }),
    ("crl-expired", |world, _, config| {
        let lists: CrlSet = crl_set(&world.ca.crl().expired());
        config.revocation(Revocation::new(lists))
    }),
];

#[tokio::test]
async fn a_session_is_no_way_around_a_change_of_trust() {
    for (resumption, version) in each() {
        for (reason, change) in CHANGES {
            let world = World::new();
            let other = Ca::root("other root");
            let audit = Audit::capture();
            let server = start(world.config().resumption(resumption)).await;
            let leaf = world.ca.client("alice").serial(REVOKED);
            let alice = Client::new(&world, &server, Some(&leaf), version);
            assert!(!alice.is_resumed().await);
            assert!(alice.is_resumed().await);
            audit.take();
            replace(
                &server,
                change(&world, &other, world.config().resumption(resumption)),
            )
            .await;
            let refused = alice.ask().await.unwrap_err();
            assert!(refused.alert().is_some(), "{refused:?}");
            assert_eq!(audit.only()["reason"], reason, "{resumption:?} {version:?}");
        }
        // The CA is dropped.
        let world = World::new();
        let other = Ca::root("other root");
        let audit = Audit::capture();
        let both = anchors(&[&world.ca, &other]);
        let server = start(world.config_trusting(both).resumption(resumption)).await;
        let alice = Client::new(&world, &server, Some(&other.client("alice")), version);
        assert!(!alice.is_resumed().await);
        assert!(alice.is_resumed().await);
        audit.take();
        replace(&server, world.config().resumption(resumption)).await;
        alice.ask().await.unwrap_err();
        assert_eq!(
            audit.only()["reason"],
            "unknown-issuer",
            "{resumption:?} {version:?}"
        );
    }
}

/// Two connections before `until`; `None` if the machine was too slow for that.
async fn twice_before(until: OffsetDateTime, client: &Client) -> Option<[HandshakeKind; 2]> {
    let both = (client.ask().await, client.ask().await);
    match both {
        (Ok((first, _)), Ok((second, _))) => Some([first, second]),
        late => {
            assert!(OffsetDateTime::now_utc() >= until, "{late:?}");
            None
        }
    }
}

/// How long something is valid, in seconds: as short as can be, and longer where that was too short.
const VALID: [i64; 3] = [2, 5, 8];

#[tokio::test]
async fn a_session_ends_with_the_certificate_and_is_refused_with_the_alert_for_it() {
    for (resumption, version) in each() {
        let world = World::new();
        let audit = Audit::capture();
        let server = start(world.config().resumption(resumption)).await;
        let mut found = None;
        for seconds in VALID {
            let until = OffsetDateTime::now_utc() + time::Duration::seconds(seconds);
            let leaf = world.ca.client("alice").valid_until(until);
            let alice = Client::new(&world, &server, Some(&leaf), version);
            if let Some(kinds) = twice_before(until, &alice).await {
                found = Some((kinds, alice));
                break;
            }
        }
        let (kinds, alice) = found.unwrap();
        assert_eq!(kinds, [HandshakeKind::Full, HandshakeKind::Resumed]);
        let refused = alice.refused().await;
        assert_eq!(
            refused.alert(),
            Some(rustls::AlertDescription::CertificateExpired)
        );
        let last = audit.take().pop().unwrap();
        assert_eq!(
            (&*last["outcome"], &*last["reason"]),
            ("refused", "expired")
        );
    }
}

#[tokio::test]
async fn neither_a_session_nor_a_remembered_chain_outlives_the_crl() {
    let off = VERSIONS.map(|version| (Resumption::Off, version));
    for (resumption, version) in each().chain(off) {
        let world = World::new();
        let audit = Audit::capture();
        let leaf = world.ca.client("alice");
        let mut found = None;
        for seconds in VALID {
            let until = OffsetDateTime::now_utc() + time::Duration::seconds(seconds);
            let lists = crl_set(&world.ca.crl().next_update(until));
            let config = world.config().revocation(Revocation::new(lists));
            let server = start(config.resumption(resumption)).await;
            let alice = Client::new(&world, &server, Some(&leaf), version);
            if let Some(kinds) = twice_before(until, &alice).await {
                found = Some((kinds, alice, server));
                break;
            }
        }
        let (kinds, alice, _server) = found.unwrap();
        let second = match resumption {
            Resumption::Off => HandshakeKind::Full,
            _ => HandshakeKind::Resumed,
        };
        assert_eq!(kinds, [HandshakeKind::Full, second]);
        // No reload, and nothing else that would check again.
        let refused = alice.refused().await;
        assert!(refused.alert().is_some(), "{refused:?}");
        let last = audit.take().pop().unwrap();
        assert_eq!(
            (&*last["outcome"], &*last["reason"]),
            ("refused", "crl-expired"),
            "{resumption:?} {version:?}"
        );
    }
}

#[tokio::test]
async fn whoever_is_revoked_at_this_moment_resumes_nothing() {
    for (resumption, version) in each() {
        let world = World::new();
        let server = start(world.config().resumption(resumption)).await;
        let alice = Client::new(&world, &server, Some(&world.ca.client("alice")), version);
        let bob = Client::new(&world, &server, Some(&world.ca.client("bob")), version);
        for client in [&alice, &bob] {
            assert!(!client.is_resumed().await);
            assert!(client.is_resumed().await);
        }
        server.handle().revoke_now(Rule::common_name("alice")).await;
        let refused = alice.ask().await.unwrap_err();
        assert_eq!(
            refused.alert(),
            Some(rustls::AlertDescription::CertificateRevoked)
        );
        assert!(bob.is_resumed().await);
        // Also under newer settings.
        replace(&server, world.config().resumption(resumption)).await;
        alice.ask().await.unwrap_err();
        bob.ask().await.unwrap();
    }
}

#[tokio::test]
async fn an_anonymous_session_stays_outside_where_a_certificate_is_required() {
    for (resumption, version) in each() {
        let world = World::new();
        let optional = || world.config().client_auth(ClientAuth::Optional);
        let server = start(optional().resumption(resumption)).await;
        let nobody = Client::new(&world, &server, None, version);
        assert_eq!(nobody.ask().await.unwrap().1, "anonymous");
        let (kind, answer) = nobody.ask().await.unwrap();
        assert_eq!((kind, &*answer), (HandshakeKind::Resumed, "anonymous"));
        replace(&server, world.config().resumption(resumption)).await;
        let refused = nobody.ask().await.unwrap_err();
        assert_eq!(
            refused.alert(),
            Some(rustls::AlertDescription::CertificateRequired)
        );
    }
}

#[tokio::test]
async fn a_session_of_one_name_is_not_resumed_under_another() {
    for (resumption, version) in each() {
        let world = World::new();
        let other = Ca::root("other root");
        let config: fn(&World, &Ca) -> MtlsConfigBuilder = |world, other| {
            let strict = VirtualHost::new(world.identity(), anchors(&[other]));
            let open = VirtualHost::new(world.identity(), anchors(&[&world.ca]))
                .client_auth(ClientAuth::Optional);
            world
                .config()
                .virtual_host("b.localhost", strict)
                .virtual_host("c.localhost", open)
        };
        let server = start(config(&world, &other).resumption(resumption)).await;
        for (leaf, from) in [
            (Some(world.ca.client("alice")), "localhost"),
            (None, "c.localhost"),
        ] {
            // rustls keeps sessions by name, so the attacker hands one over.
            let stolen = client::config_with_one_session(&world, leaf.as_ref(), version);
            let thief = Client {
                config: Arc::new(stolen),
                server: server.local_addr(),
            };
            assert_eq!(thief.ask_for(from).await.unwrap().0, HandshakeKind::Full);
            assert_eq!(thief.ask_for(from).await.unwrap().0, HandshakeKind::Resumed);
            thief.ask_for("b.localhost").await.unwrap_err();
        }
        // And whoever may come under both names does a full handshake for each.
        let stolen =
            client::config_with_one_session(&world, Some(&world.ca.client("bob")), version);
        let bob = Client {
            config: Arc::new(stolen),
            server: server.local_addr(),
        };
        assert_eq!(
            bob.ask_for("localhost").await.unwrap().0,
            HandshakeKind::Full
        );
        assert_eq!(
            bob.ask_for("c.localhost").await.unwrap().0,
            HandshakeKind::Full
        );
    }
}

#[tokio::test]
async fn no_more_sessions_are_kept_than_allowed() {
    let world = World::new();
    let resumption = Resumption::Revalidate {
        ttl: HOUR,
        storage: SessionStorage::InMemory { sessions: 2 },
    };
    let server = start(world.config().resumption(resumption)).await;
    let clients = ["a", "b", "c"]
        .map(|name| Client::new(&world, &server, Some(&world.ca.client(name)), VERSIONS[0]));
    for client in &clients {
        assert!(!client.is_resumed().await);
    }
    assert!(!clients[0].is_resumed().await);
    assert!(clients[2].is_resumed().await);
}

#[tokio::test]
async fn sessions_of_long_chains_are_kept_in_the_room_that_there_is() {
    let world = World::new();
    // A leaf and an intermediate of ML-DSA-65 are 11 KiB, two usual sessions 16.
    let root = Ca::root("long root").with_key(KeyKind::MlDsa65.generate());
    let issuing = root
        .issuing("long issuing CA")
        .with_key(KeyKind::MlDsa65.generate());
    let resumption = Resumption::Revalidate {
        ttl: HOUR,
        storage: SessionStorage::InMemory { sessions: 2 },
    };
    let identity = world.identity();
    let config = MtlsConfig::builder(identity, anchors(&[&root])).resumption(resumption);
    let server = start(config).await;
    let client = |name| {
        let leaf = issuing.client(name).with_key(KeyKind::MlDsa65.generate());
        Client::new(&world, &server, Some(&leaf), &rustls::version::TLS13)
    };
    let (alice, bob) = (client("alice"), client("bob"));
    assert!(!alice.is_resumed().await);
    assert!(alice.is_resumed().await);
    // His takes the place of hers.
    assert!(!bob.is_resumed().await);
    assert!(bob.is_resumed().await);
    assert!(!alice.is_resumed().await);
}

#[test]
fn a_session_that_nobody_could_resume_is_no_setting() {
    let world = World::new();
    let config = |ttl, storage| -> Result<MtlsConfig, _> {
        world
            .config()
            .resumption(Resumption::Revalidate { ttl, storage })
            .build()
    };
    let day = Duration::from_secs(24 * 3600);
    for (ttl, storage, good) in [
        (HOUR, SessionStorage::InTickets, true),
        (7 * day, SessionStorage::InMemory { sessions: 1 }, true),
        (8 * day, SessionStorage::InTickets, false),
        (Duration::ZERO, SessionStorage::InTickets, false),
        (HOUR, SessionStorage::InMemory { sessions: 0 }, false),
    ] {
        assert_eq!(config(ttl, storage).is_ok(), good, "{ttl:?} {storage:?}");
    }
}
