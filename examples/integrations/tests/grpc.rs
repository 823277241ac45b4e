//! What a tonic client is told by a server that refuses it, over connections of this workspace.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{error::Error as _, future::pending, time::Duration};

use axum::{Router, extract::Request, middleware::Next, middleware::from_fn};
use mtls_client::{ClientIdentity, Connector};
use mtls_server::{
    ClientAuth, MtlsConfig, RequireClientCert, Rule, ServerIdentity, Serving, VirtualHost,
    verify::TrustAnchors,
};
use test_pki::{Ca, Leaf};
use tokio::net::TcpListener;
use tonic::{
    Code, Status,
    service::{Routes, interceptor::InterceptedService},
    transport::{Channel, Endpoint},
};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

struct World {
    ca: Ca,
    server: Leaf,
}

impl World {
    fn new() -> Self {
        let ca = Ca::root("Test root");
        let server = ca.server("localhost").dns("other.localhost");
        Self { ca, server }
    }

    fn anchors(&self) -> TrustAnchors {
        TrustAnchors::from_certs([self.ca.der()]).unwrap()
    }

    fn identity(&self) -> ServerIdentity {
        let (chain, key) = (self.server.chain_pem(), self.server.key_pem());
        ServerIdentity::from_pem(chain.as_bytes(), key.as_bytes()).unwrap()
    }

    /// Alice and nobody else may use the host, and clients without a certificate may connect.
    async fn serve(&self, rule: Option<Rule>, router: Router) -> Serving {
        let other = VirtualHost::new(self.identity(), self.anchors());
        let mut config = MtlsConfig::builder(self.identity(), self.anchors())
            .client_auth(ClientAuth::Optional)
            .virtual_host("other.localhost", other);
        if let Some(rule) = rule {
            config = config.rule(rule);
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        mtls_server::serve(listener, router, config.build().unwrap()).unwrap()
    }

    async fn channel(&self, server: &Serving, client: &Leaf) -> Channel {
        self.channel_for(server, client, "localhost").await
    }

    /// A channel to `localhost` whose requests are for another host, as a client sends them that uses
    /// one connection for several.
    async fn channel_for(&self, server: &Serving, client: &Leaf, host: &str) -> Channel {
        let (chain, key) = (client.chain_pem(), client.key_pem());
        let identity = ClientIdentity::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
        let connector = Connector::builder(self.anchors(), identity)
            .alpn(&[b"h2"])
            .build()
            .unwrap();
        let url = |host: &str| format!("https://{host}:{}", server.local_addr().port());
        let endpoint = Endpoint::from_shared(url("localhost")).unwrap();
        let endpoint = endpoint.origin(url(host).parse().unwrap());
        endpoint.connect_with_connector(connector).await.unwrap()
    }
}

async fn ask(channel: Channel) -> Result<(), Status> {
    let mut client = HealthClient::new(channel);
    client.check(HealthCheckRequest::default()).await.map(drop)
}

fn health() -> Router {
    let (_, service) = tonic_health::server::health_reporter();
    Routes::new(service).into_axum_router()
}

fn alice() -> Rule {
    Rule::common_name("alice").named("alice")
}

#[tokio::test]
async fn a_denied_call_is_permission_denied_and_an_allowed_one_is_answered() {
    let world = World::new();
    let by_layer = health().layer(RequireClientCert::new(alice()));
    for server in [
        world.serve(None, by_layer).await,
        world.serve(Some(alice()), health()).await,
    ] {
        let channel = world.channel(&server, &world.ca.client("alice")).await;
        ask(channel).await.unwrap();

        let channel = world.channel(&server, &world.ca.client("bob")).await;
        let denied = ask(channel).await.unwrap_err();
        assert_eq!(denied.code(), Code::PermissionDenied, "{denied:?}");
        // What the server answered has none, so a program can tell it from a connection that failed.
        assert!(denied.source().is_none(), "{denied:?}");
        assert_eq!(
            denied.message(),
            "the client certificate of this connection does not allow this"
        );
    }
}

#[tokio::test]
async fn a_call_for_another_virtual_host_is_permission_denied() {
    let world = World::new();
    let server = world.serve(None, health()).await;
    let alice = world.ca.client("alice");
    let channel = world.channel_for(&server, &alice, "other.localhost");
    let refused = ask(channel.await).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused:?}");
    assert!(refused.message().contains("connect to it anew"));
}

#[tokio::test]
async fn after_a_revocation_the_open_channel_is_unauthenticated() {
    let world = World::new();
    let (entered, mut entering) = tokio::sync::mpsc::channel(1);
    let hang = from_fn(move |request: Request, next: Next| {
        let entered = entered.clone();
        async move {
            if request.headers().contains_key("hang") {
                entered.send(()).await.unwrap();
                pending::<()>().await;
            }
            next.run(request).await
        }
    });
    let server = world.serve(None, health().layer(hang)).await;
    let (alice, bob) = (world.ca.client("alice"), world.ca.client("bob"));
    let alices = world.channel(&server, &alice).await;
    let bobs = world.channel(&server, &bob).await;
    ask(alices.clone()).await.unwrap();

    let running = {
        let slow = InterceptedService::new(alices.clone(), |mut request: tonic::Request<()>| {
            request.metadata_mut().insert("hang", "1".parse().unwrap());
            Ok::<_, Status>(request)
        });
        tokio::spawn(async move {
            let mut client = HealthClient::new(slow);
            client.check(HealthCheckRequest::default()).await
        })
    };
    entering.recv().await.unwrap();
    let handle = server.handle();
    assert_eq!(handle.revoke_now(Rule::common_name("alice")).await, 1);
    let next = ask(alices).await.unwrap_err();
    let running = tokio::time::timeout(Duration::from_secs(5), running);
    let running = running.await.unwrap().unwrap().unwrap_err();
    let is_told = |status: &Status| {
        status.code() == Code::Unauthenticated
            && status.message() == "the client certificate of this connection is no longer good"
    };
    assert!(is_told(&running), "{running:?}");
    // The connection ends after that answer. The next call is in time for another one, or ends with it, or is refused
    // in the next handshake.
    let ends = ["our certificate is revoked", "connection closed"];
    let is_ended = ends.iter().any(|words| format!("{next:?}").contains(words));
    assert!(is_told(&next) || is_ended, "{next:?}");
    ask(bobs).await.unwrap();
}
