//! Settings by host name.

use axum::{Router, routing::get};
use mtls_server::{
    ClientAuth, ClientCert, ConfigError, MtlsConfig, Rule, VirtualHost, verify::TrustAnchors,
};

use crate::support::{
    World,
    adapter::ADAPTERS,
    client::{self, VERSIONS},
    connection::{Connection, HTTPS, Http},
    pki::{Ca, Leaf},
};

/// The root of each name's clients.
struct Names {
    world: World,
    partners: Ca,
}

impl Names {
    fn new() -> Self {
        Self {
            world: World::new(),
            partners: Ca::root("partners"),
        }
    }

    /// `localhost`: clients of the test root. `partners.localhost`: those of the partners alone.
    /// `*.open.localhost`: anybody. `ops.localhost`: like localhost, and by a rule. `same.localhost`:
    /// as localhost, under another name.
    fn config(&self) -> MtlsConfig {
        let identity = || self.world.identity();
        let own = || TrustAnchors::from_certs([self.world.ca.der()]).unwrap();
        let partners = TrustAnchors::from_certs([self.partners.der()]).unwrap();
        let open = VirtualHost::new(identity(), own()).client_auth(ClientAuth::Optional);
        let ops = VirtualHost::new(identity(), own()).rule(Rule::common_name("alice"));
        self.world
            .config()
            .virtual_host("partners.localhost", VirtualHost::new(identity(), partners))
            .virtual_host("*.open.localhost", open)
            .virtual_host("ops.localhost", ops)
            .virtual_host("same.localhost", VirtualHost::new(identity(), own()))
            .build()
            .unwrap()
    }

    fn client(&self, leaf: Option<&Leaf>) -> rustls::ClientConfig {
        client::config_with_one_session(&self.world, leaf, VERSIONS[1])
    }
}

fn router() -> Router {
    let who = async |client: Option<ClientCert>| {
        client.map_or_else(
            || "anonymous".to_owned(),
            |client| client.subject().to_string(),
        )
    };
    Router::new().route("/", get(who))
}

#[tokio::test]
async fn each_name_has_its_own_clients() {
    let names = Names::new();
    let (alice, paul) = (
        names.world.ca.client("alice"),
        names.partners.client("paul"),
    );
    let mallory = Ca::root("elsewhere").client("mallory");
    for adapter in ADAPTERS {
        let server = adapter.start(names.config(), router()).await;
        for http in HTTPS {
            for (name, who, expected) in [
                ("localhost", Some(&alice), Some("CN=alice")),
                ("localhost", Some(&paul), None),
                ("LOCALHOST", Some(&alice), Some("CN=alice")),
                ("partners.localhost", Some(&paul), Some("CN=paul")),
                ("partners.localhost", Some(&alice), None),
                ("x.open.localhost", None, Some("anonymous")),
                ("x.open.localhost", Some(&alice), Some("CN=alice")),
                ("x.open.localhost", Some(&mallory), None),
                ("x.y.open.localhost", None, None),
                ("open.localhost", None, None),
                ("unknown.example", Some(&alice), Some("CN=alice")),
                ("unknown.example", Some(&paul), None),
                ("ops.localhost", Some(&alice), Some("CN=alice")),
            ] {
                let config = names.client(who);
                let connection = Connection::open_as(name, http, server.address, config).await;
                let answer = match connection {
                    Ok(mut connection) => connection.get_of(name, "/").await.ok(),
                    Err(_) => None,
                };
                let expected = expected.map(|who| (200, who.to_owned()));
                assert_eq!(answer, expected, "{adapter:?} {http:?} {name}");
            }
        }
    }
}

#[tokio::test]
async fn a_request_for_a_host_that_asks_other_things_of_clients_is_misdirected() {
    let names = Names::new();
    let alice = names.world.ca.client("alice");
    for adapter in ADAPTERS {
        let server = adapter.start(names.config(), router()).await;
        for http in HTTPS {
            for (name, host, expected) in [
                ("localhost", "localhost", 200),
                ("localhost", "localhost:8443", 200),
                ("localhost", "LOCALHOST.", 200),
                ("localhost", "same.localhost", 200),
                ("localhost", "unknown.example", 200),
                ("localhost", "partners.localhost", 421),
                ("localhost", "PARTNERS.localhost:443", 421),
                ("localhost", "a.open.localhost", 421),
                ("localhost", "ops.localhost", 421),
                ("a.open.localhost", "b.open.localhost", 200),
                ("a.open.localhost", "localhost", 421),
                ("a.open.localhost", "[::1]", 421),
                ("unknown.example", "partners.localhost", 421),
            ] {
                let config = names.client(Some(&alice));
                let mut connection = Connection::open_as(name, http, server.address, config)
                    .await
                    .unwrap();
                let (status, body) = connection.get_of(host, "/").await.unwrap();
                assert_eq!(status, expected, "{adapter:?} {http:?} {name} {host}");
                assert_eq!(body.contains("misdirected_request"), expected == 421);
            }
        }
    }
}

#[tokio::test]
async fn of_two_hosts_in_one_request_each_counts() {
    let names = Names::new();
    let alice = names.world.ca.client("alice");
    let server = ADAPTERS[0].start(names.config(), router()).await;
    for head in [
        "GET https://partners.localhost/ HTTP/1.1\r\nHost: localhost\r\n",
        "GET https://localhost/ HTTP/1.1\r\nHost: partners.localhost\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nHost: partners.localhost\r\n",
    ] {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let config = client::config(&names.world, Some(&alice), VERSIONS[1]);
        let mut stream = client::connect(server.address, config).await.unwrap();
        let request = format!("{head}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let status: u16 = answer[9..12].parse().unwrap();
        assert!(matches!(status, 400 | 421), "{answer}");
    }
}

#[tokio::test]
async fn the_rule_of_a_virtual_host_allows_whom_it_matches() {
    let names = Names::new();
    let server = ADAPTERS[0].start(names.config(), router()).await;
    for (who, expected) in [("alice", 200), ("bob", 403)] {
        let leaf = names.world.ca.client(who);
        let config = names.client(Some(&leaf));
        let mut connection =
            Connection::open_as("ops.localhost", Http::Two, server.address, config)
                .await
                .unwrap();
        let (status, _) = connection.get_of("ops.localhost", "/").await.unwrap();
        assert_eq!(status, expected, "{who}");
    }
}

#[test]
fn a_name_is_a_host_name_and_given_once() {
    let world = World::new();
    let site = || VirtualHost::new(world.identity(), world.anchors());
    let build = |names: &[&str]| {
        let named = |config: mtls_server::MtlsConfigBuilder, name: &&str| {
            config.virtual_host(*name, site())
        };
        names.iter().fold(world.config(), named).build()
    };
    assert!(build(&["a.example", "*.example", "b.example"]).is_ok());
    assert!(matches!(build(&["no name"]), Err(ConfigError::Name { name }) if name == "no name"));
    let twice = build(&["a.example", "A.example."]);
    assert!(matches!(twice, Err(ConfigError::NameTwice { name }) if name == "A.example."));
}
