//! What is between a handshake that rustls has finished and a client: rustls resumes what a storage gives it, and these
//! storages are not ours, or name somebody else.

use std::{
    net::SocketAddr,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::FutureExt as _;
use rustls::{
    ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion,
    crypto::aws_lc_rs,
    pki_types::{ServerName, UnixTime},
    server::{ServerSessionMemoryCache, StoresServerSessions},
    version::{TLS12, TLS13},
};
use test_pki::{Ca, Leaf};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::negotiation::negotiate;
use crate::{
    ClientAuth, ConnectionAcceptor, ConnectionIdentity, Limits, MtlsConfig, Refusal, RefusalReason,
    Rule, ServerIdentity,
    config::active_host::ActiveHost,
    connection::end::End,
    verify::{
        TrustAnchors,
        context::{Session, note_session},
        verdict_cache::Verified,
    },
};

const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

struct World {
    ca: Ca,
    alice: Leaf,
    bob: Leaf,
}

impl World {
    fn new() -> Self {
        let ca = Ca::root("root");
        let (alice, bob) = (ca.client("alice"), ca.client("bob"));
        Self { ca, alice, bob }
    }

    /// A server whose sessions are those of `storage`, and not our own.
    fn acceptor(
        &self,
        auth: ClientAuth,
        storage: impl FnOnce(&ActiveHost) -> Arc<dyn StoresServerSessions>,
    ) -> ConnectionAcceptor {
        ConnectionAcceptor::new(self.config(auth).with_host(|host| {
            let mut rustls = ServerConfig::clone(&host.rustls);
            rustls.session_storage = storage(host);
            host.rustls = Arc::new(rustls);
        }))
    }

    fn config(&self, auth: ClientAuth) -> MtlsConfig {
        let server = self.ca.server("localhost");
        let (chain, key) = (server.chain_pem(), server.key_pem());
        let identity = ServerIdentity::from_pem(chain.as_bytes(), key.as_bytes());
        let roots = TrustAnchors::from_certs([self.ca.der()]).expect("a root");
        let config = MtlsConfig::builder(identity.expect("an identity"), roots);
        config.client_auth(auth).build().expect("settings")
    }

    fn client(&self, leaf: Option<&Leaf>, version: &'static SupportedProtocolVersion) -> Client {
        let mut roots = RootCertStore::empty();
        roots.add(self.ca.der().clone()).expect("a root");
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[version])
            .expect("a version")
            .with_root_certificates(roots);
        let config = match leaf {
            Some(leaf) => builder
                .with_client_auth_cert(leaf.chain(), leaf.key_der())
                .expect("a certificate"),
            None => builder.with_no_client_auth(),
        };
        Client(TlsConnector::from(Arc::new(config)))
    }
}

/// A client that stores its sessions.
struct Client(TlsConnector);

impl Client {
    /// Whom the server takes it for.
    async fn connect(
        &self,
        acceptor: &ConnectionAcceptor,
    ) -> Result<ConnectionIdentity, Box<Refusal>> {
        let (near, far) = tokio::io::duplex(64 << 10);
        let somewhere = SocketAddr::from(([192, 0, 2, 1], 4711));
        let server = async {
            let accepted = acceptor.accept(far, somewhere).await;
            accepted.map(|connection| connection.identity().clone())
        };
        let (outcome, _) = tokio::join!(server, self.read(near));
        outcome
    }

    /// Until the server closes, as sessions of TLS 1.3 come late.
    async fn read(&self, io: DuplexStream) -> Vec<u8> {
        let name = ServerName::try_from("localhost").expect("a name");
        let mut bytes = Vec::new();
        if let Ok(mut stream) = self.0.connect(name, io).await {
            // It is closed without a farewell.
            let _ = stream.read_to_end(&mut bytes).await;
        }
        bytes
    }
}

/// A storage that says whose its sessions are, rightly or wrongly.
#[derive(Debug)]
struct Claiming {
    inner: Arc<ServerSessionMemoryCache>,
    owner: Option<Arc<Verified>>,
}

impl Claiming {
    fn of(host: &ActiveHost, owner: Option<&Leaf>) -> Arc<dyn StoresServerSessions> {
        let verified = owner.map(|leaf| {
            let verdict = host.verdicts.verify(leaf.der(), &[], UnixTime::now());
            verdict.expect("a good certificate")
        });
        Arc::new(Self {
            inner: ServerSessionMemoryCache::new(100),
            owner: verified,
        })
    }

    fn claim(&self, value: Option<Vec<u8>>) -> Option<Vec<u8>> {
        let session = Session {
            client: self.owner.clone(),
            began: UnixTime::now().as_secs(),
        };
        value.filter(|_| note_session(session))
    }
}

impl StoresServerSessions for Claiming {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        self.inner.put(key, value)
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.claim(self.inner.get(key))
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.claim(self.inner.take(key))
    }

    fn can_cache(&self) -> bool {
        true
    }
}

/// The common name that the server knows a resumed connection by, and the code of its refusal otherwise.
async fn resumed(client: &Client, acceptor: &ConnectionAcceptor) -> Result<String, &'static str> {
    client.connect(acceptor).await.expect("a full handshake");
    let identity = client.connect(acceptor).await.map_err(|refusal| {
        assert!(
            matches!(refusal.reason(), RefusalReason::Session),
            "{refusal:?}"
        );
        refusal.reason().code()
    })?;
    assert!(identity.tls().resumed());
    let subject = identity.client().map(|client| client.subject().to_string());
    Ok(subject.unwrap_or_default())
}

#[tokio::test]
async fn a_session_that_our_storage_has_not_allowed_is_no_client() {
    let world = World::new();
    for (auth, leaf) in [
        (ClientAuth::Required, Some(&world.alice)),
        (ClientAuth::Optional, Some(&world.alice)),
        (ClientAuth::Optional, None),
    ] {
        for version in VERSIONS {
            let client = world.client(leaf, version);
            let foreign = world.acceptor(auth, |_| ServerSessionMemoryCache::new(100));
            assert_eq!(
                resumed(&client, &foreign).await,
                Err("session"),
                "{auth:?} {version:?}"
            );
            let client = world.client(leaf, version);
            let ours = world.acceptor(auth, |host| Arc::clone(&host.rustls.session_storage));
            let expected = leaf.map(|_| "CN=alice").unwrap_or_default();
            assert_eq!(resumed(&client, &ours).await.as_deref(), Ok(expected));
        }
    }
}

#[tokio::test]
async fn session_and_connection_are_about_the_same_certificate() {
    let world = World::new();
    let (alice, bob) = (Some(&world.alice), Some(&world.bob));
    for (auth, presented, owner, expected) in [
        (ClientAuth::Required, alice, alice, Ok("CN=alice")),
        (ClientAuth::Required, alice, bob, Err("session")),
        (ClientAuth::Required, alice, None, Err("session")),
        (ClientAuth::Optional, alice, bob, Err("session")),
        (ClientAuth::Optional, alice, None, Err("session")),
        // Nobody takes the name of the one whose session it was said to be.
        (ClientAuth::Optional, None, bob, Ok("")),
        (ClientAuth::Optional, None, None, Ok("")),
    ] {
        for version in VERSIONS {
            let acceptor = world.acceptor(auth, |host| Claiming::of(host, owner));
            let client = world.client(presented, version);
            let found = resumed(&client, &acceptor).await;
            assert_eq!(
                found.as_deref().map_err(|code| *code),
                expected,
                "{auth:?} {version:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_finished_handshake_without_a_certificate_is_a_client_only_where_none_is_required() {
    let world = World::new();
    for (auth, expected) in [
        (ClientAuth::Optional, Ok(())),
        // rustls would have accepted it.
        (ClientAuth::Required, Err("no-certificate")),
    ] {
        for version in VERSIONS {
            let config = world.config(ClientAuth::Optional);
            let config = config.with_host(|host| host.client_auth = auth);
            let acceptor = ConnectionAcceptor::new(config);
            let outcome = world.client(None, version).connect(&acceptor).await;
            let outcome = outcome.map(|identity| assert!(identity.client().is_none()));
            let outcome = outcome.map_err(|refusal| refusal.reason().code());
            assert_eq!(outcome, expected, "{version:?}");
        }
    }
}

/// What happens between the verdict on a client and its place among the open connections.
enum Meanwhile {
    Nothing,
    NewRoots,
    Revoked(&'static str),
}

/// Whoever looks at the open connections at that moment does not see this one.
#[tokio::test]
async fn who_is_no_longer_good_while_it_is_accepted_is_not_served() {
    let (world, other) = (World::new(), World::new());
    for (meanwhile, served) in [
        (Meanwhile::Nothing, true),
        (Meanwhile::NewRoots, false),
        (Meanwhile::Revoked("alice"), false),
        (Meanwhile::Revoked("bob"), true),
    ] {
        let acceptor = ConnectionAcceptor::new(world.config(ClientAuth::Required));
        let handle = acceptor.handle();
        let (near, far) = tokio::io::duplex(64 << 10);
        let server = async {
            let (stream, admitted) = negotiate(&handle.0, far).await.expect("a good client");
            match meanwhile {
                Meanwhile::Nothing => {}
                Meanwhile::NewRoots => {
                    handle.replace(other.config(ClientAuth::Required)).await;
                }
                Meanwhile::Revoked(name) => {
                    handle.revoke_now(Rule::common_name(name)).await;
                }
            }
            let somewhere = SocketAddr::from(([192, 0, 2, 1], 4711));
            let accepted = acceptor.admit(stream, admitted, somewhere, Instant::now());
            let stream = accepted.expect("room").into_stream();
            let mut stream = stream.expect("no rule");
            // The stream may be at its end.
            let _ = stream.write_all(b"hello").await;
            let _ = stream.shutdown().await;
        };
        let client = world.client(Some(&world.alice), &TLS13);
        let ((), read) = tokio::join!(server, client.read(near));
        assert_eq!(read, if served { &b"hello"[..] } else { b"" });
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_readable_until_either_side_ends_it() {
    let world = World::new();
    for is_cut in [false, true] {
        let acceptor = ConnectionAcceptor::new(world.config(ClientAuth::Required));
        let (near, far) = tokio::io::duplex(64 << 10);
        let server = async {
            let somewhere = SocketAddr::from(([192, 0, 2, 1], 4711));
            let accepted = acceptor.accept(far, somewhere).await;
            let stream = accepted.expect("a good client").into_stream();
            let mut stream = stream.expect("no rule");
            assert!(stream.readable().await);
            assert_eq!(stream.read_u8().await.expect("a byte"), b'a');
            let cut = async {
                if is_cut {
                    stream.close();
                }
            };
            // Looked at first, so that time that is over is not what wakes the other.
            tokio::select! {
                biased;
                () = tokio::time::sleep(Duration::from_secs(10)) => panic!("it is not told"),
                (is_readable, ()) = async { tokio::join!(stream.readable(), cut) } => {
                    assert!(!is_readable);
                }
            }
        };
        let connector = world.client(Some(&world.alice), &TLS13).0;
        // In a task of its own, so that what wakes it does not wake the server.
        let client = tokio::spawn(async move {
            let name = ServerName::try_from("localhost").expect("a name");
            let stream = connector.connect(name, near).await;
            let mut stream = stream.expect("a good server");
            stream.write_all(b"a").await.expect("room");
            match is_cut {
                true => {
                    let mut rest = Vec::new();
                    let end = stream.read_to_end(&mut rest).await;
                    end.expect("close_notify");
                }
                false => stream.shutdown().await.expect("room"),
            }
            // It is there for as long as the server.
            stream
        });
        server.await;
        client.await.expect("no panic");
    }
}

#[tokio::test]
async fn a_write_that_waits_for_the_peer_ends_a_connection_unless_it_goes_on() {
    let world = World::new();
    let acceptor = ConnectionAcceptor::new(world.config(ClientAuth::Required));
    let (near, far) = tokio::io::duplex(64 << 10);
    let connector = world.client(Some(&world.alice), &TLS13).0;
    let bytes = vec![b'a'; 256 << 10];
    let count = bytes.len();
    let client = tokio::spawn(async move {
        let name = ServerName::try_from("localhost").expect("a name");
        let stream = connector.connect(name, near).await;
        let mut stream = stream.expect("a good server");
        let mut read = vec![0; count];
        stream.read_exact(&mut read).await.expect("all of it");
        stream
    });
    let somewhere = SocketAddr::from(([192, 0, 2, 1], 4711));
    let accepted = acceptor.accept(far, somewhere).await;
    let stream = accepted.expect("a good client").into_stream();
    let mut stream = stream.expect("no rule");
    let connection = stream.identity().clone();
    let limits = Limits::default();
    // Half a minute after this, and before it is idle.
    let end = || {
        let end = connection.state().overdue(50_000, &limits);
        end.map(|(end, _)| end)
    };
    assert_eq!(end(), None);
    {
        let mut write = pin!(stream.write_all(&bytes));
        assert!(write.as_mut().now_or_never().is_none());
        assert_eq!(end(), Some(End::BodyTimeout));
        write.await.expect("the peer reads");
    }
    stream.flush().await.expect("the peer reads");
    assert_eq!(end(), None);
    client.await.expect("no panic");
}

/// Nothing else may accept connections by our configuration of rustls: nobody would know whose they are.
#[tokio::test]
async fn without_the_context_of_a_handshake_no_client_is_verified() {
    let world = World::new();
    for (leaf, is_accepted) in [(Some(&world.alice), false), (None, true)] {
        let config = world.config(ClientAuth::Optional);
        let rustls = TlsAcceptor::from(Arc::clone(&config.host(None).rustls));
        let (near, far) = tokio::io::duplex(64 << 10);
        let server = async {
            let accepted = rustls.accept(far).await;
            // It is closed when it is dropped.
            accepted.is_ok()
        };
        let client = world.client(leaf, &TLS13);
        let (accepted, _) = tokio::join!(server, client.read(near));
        assert_eq!(accepted, is_accepted);
    }
}

#[tokio::test]
async fn whoever_is_accepted_after_the_server_was_told_to_stop_is_ended() {
    let world = World::new();
    let acceptor = ConnectionAcceptor::new(world.config(ClientAuth::Required));
    let client = world.client(Some(&world.alice), &TLS13);
    let ending = async || {
        let accepted = client.connect(&acceptor).await;
        accepted.expect("a good certificate").state().ending()
    };
    assert_eq!(ending().await, None);
    acceptor.shut_down(Duration::from_secs(30));
    assert_eq!(ending().await, Some(End::Shutdown));
}
