//! What is between a handshake that rustls has finished and a client: rustls resumes what a storage gives it, and these
//! storages are not ours, or name somebody else.

use std::{net::SocketAddr, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion,
    crypto::aws_lc_rs,
    pki_types::{ServerName, UnixTime},
    server::{ServerSessionMemoryCache, StoresServerSessions},
    version::{TLS12, TLS13},
};
use test_pki::{Ca, Leaf};
use tokio::io::{AsyncReadExt, DuplexStream};
use tokio_rustls::TlsConnector;

use crate::{
    ClientAuth, ConnectionAcceptor, ConnectionIdentity, MtlsConfig, Refusal, RefusalReason,
    ServerIdentity,
    config::active_host::ActiveHost,
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
        let server = self.ca.server("localhost");
        let (chain, key) = (server.chain_pem(), server.key_pem());
        let identity = ServerIdentity::from_pem(chain.as_bytes(), key.as_bytes());
        let roots = TrustAnchors::from_certs([self.ca.der()]).expect("a root");
        let config = MtlsConfig::builder(identity.expect("an identity"), roots);
        let config = config.client_auth(auth).build().expect("settings");
        ConnectionAcceptor::new(config.with_host(|host| {
            let mut rustls = ServerConfig::clone(&host.rustls);
            rustls.session_storage = storage(host);
            host.rustls = Arc::new(rustls);
        }))
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
        let (outcome, ()) = tokio::join!(server, self.read(near));
        outcome
    }

    /// Until the server closes, as sessions of TLS 1.3 come late.
    async fn read(&self, io: DuplexStream) {
        let name = ServerName::try_from("localhost").expect("a name");
        if let Ok(mut stream) = self.0.connect(name, io).await {
            // It is closed without a farewell.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
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
