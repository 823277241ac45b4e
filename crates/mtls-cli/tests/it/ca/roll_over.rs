//! A running server and a running client go from one root to another, and no request is refused on the way.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http_body_util::Empty;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use mtls_client::{ClientIdentity, Connector, IdentityFiles, Rotating, TrustAnchors, TrustFiles};
use mtls_server::crl::CrlSource;
use mtls_server::{ClientCert, MtlsFiles, Serving, VirtualHostFiles};
use tokio::net::TcpListener;

use crate::common::Place;
use crate::common::ca::WITH;
use crate::common::served::Served;
use crate::common::waiting::PATIENCE;

type Http = Client<Connector, Empty<Bytes>>;

impl Place {
    /// Puts a file in the place of another, as tools do it.
    fn put(&self, from: &str, to: &str) {
        let new = self.path("new");
        fs::copy(self.path(from), &new).unwrap();
        fs::rename(new, self.path(to)).unwrap();
    }

    /// Writes the bundle of roots that both sides are to trust.
    fn trust(&self, bundle: &[&str]) {
        let export = ["ca", "export", "--out", "bundle.crt"];
        self.ca(&[&export[..], bundle].concat()).ok();
        self.put("bundle.crt", "roots.crt");
    }

    fn serial(&self, name: &str) -> String {
        let list = ["list", "--state", "valid", "--name", name, "--json"];
        let list = self.run(&list).json();
        list[0]["serial"].as_str().unwrap().to_owned()
    }

    async fn server(&self, crls: &str) -> Serving {
        let server = self.path("localhost");
        let host = VirtualHostFiles::new(
            server.join("server.crt"),
            server.join("server.key"),
            self.path("roots.crt"),
        );
        let config = MtlsFiles::new(host.crl(CrlSource::url(crls).unwrap())).load();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let who = |client: ClientCert| async move { client.issuer().to_string() };
        let router = Router::new().route("/", get(who));
        mtls_server::serve(listener, router, config.await.unwrap()).unwrap()
    }

    fn trust_files(&self) -> TrustFiles {
        TrustFiles::roots(self.path("roots.crt"))
    }

    fn connector(&self, client: &Path) -> Connector {
        let identity =
            ClientIdentity::from_files(client.join("client.crt"), client.join("client.key"));
        let roots = TrustAnchors::from_pem(&self.read("roots.crt")).unwrap();
        Connector::builder(roots, identity.unwrap())
            .build()
            .unwrap()
    }
}

fn url_of(server: &Serving) -> String {
    format!("https://localhost:{}/", server.local_addr().port())
}

fn http(connector: &Connector) -> Http {
    Client::builder(TokioExecutor::new()).build(connector.clone())
}

async fn ask(client: &Http, url: &str) -> Result<(), String> {
    match client.get(url.parse().unwrap()).await {
        Ok(response) if response.status().is_success() => Ok(()),
        Ok(response) => Err(response.status().to_string()),
        Err(error) => Err(format!("{error:?}")),
    }
}

/// Asks all the time, on connections that are kept and on new ones, until it is told to stop.
struct Pump {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Pump {
    fn start(connector: &Connector, url: &str) -> Self {
        let kept = connector.rotating(|it| Ok::<_, std::convert::Infallible>(http(it)));
        let mut pump = Self {
            stop: Arc::default(),
            answered: Arc::default(),
            tasks: Vec::new(),
        };
        pump.add(connector, Some(kept.unwrap()), url);
        pump.add(connector, None, url);
        pump
    }

    fn add(&mut self, connector: &Connector, kept: Option<Rotating<Http>>, url: &str) {
        let (stop, answered) = (Arc::clone(&self.stop), Arc::clone(&self.answered));
        let (connector, url) = (connector.clone(), url.to_owned());
        self.tasks.push(tokio::spawn(async move {
            while !stop.load(Ordering::SeqCst) {
                let client = kept
                    .as_ref()
                    .map_or_else(|| http(&connector), Rotating::get);
                let asked = ask(&client, &url).await;
                assert!(asked.is_ok(), "a request was refused: {asked:?}");
                answered.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }));
    }

    /// Waits until this many more were answered.
    async fn go_on(&self, count: u64) {
        let enough = self.answered.load(Ordering::SeqCst) + count;
        let deadline = Instant::now() + PATIENCE;
        while self.answered.load(Ordering::SeqCst) < enough {
            assert!(
                !self.tasks.iter().any(|task| task.is_finished()),
                "a request was refused"
            );
            assert!(Instant::now() < deadline, "requests do not go on");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn stop(self) {
        self.stop.store(true, Ordering::SeqCst);
        for task in self.tasks {
            task.await.unwrap();
        }
    }
}

/// Waits until so many CRLs are published, and the server has them.
async fn crls(served: &Served, server: &Serving, count: usize) {
    let deadline = Instant::now() + PATIENCE;
    while served
        .text("/crl/all.pem")
        .matches("BEGIN X509 CRL")
        .count()
        != count
    {
        assert!(
            Instant::now() < deadline,
            "{count} CRLs were never published"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    server.handle().reload().await.unwrap();
}

async fn refused(place: &Place, server: &Serving, client: &str) {
    let url = &url_of(server);
    let deadline = Instant::now() + PATIENCE;
    loop {
        let client: PathBuf = place.path(client);
        if ask(&http(&place.connector(&client)), url).await.is_err() {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "{} is accepted: {:?}",
            client.display(),
            server.handle().status()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_refused_from_one_root_to_the_other() {
    let place = Place::with_ca();
    place.ca(&["issue", "server", "localhost"]).ok();
    place.ca(&["issue", "client", "alice"]).ok();
    place.ca(&["issue", "client", "late"]).ok();
    place.trust(&[]);
    let served = Served::start(&place, &WITH);
    let server = place
        .server(&format!("http://{}/crl/all.pem", served.address()))
        .await;
    // What is revoked is announced; all else is read when the test says so.
    let _announced = server.handle().watch(Duration::from_secs(3600));
    let url = url_of(&server);
    let alice = place.path("alice");
    let connector = place.connector(&alice);
    let hour = Duration::from_secs(3600);
    let files = IdentityFiles::pem(alice.join("client.crt"), alice.join("client.key"));
    let identity = connector.watch(files, hour);
    let trust = connector.watch_trust(place.trust_files(), hour);
    let pump = Pump::start(&connector, &url);
    pump.go_on(20).await;

    // Who trusts A alone accepts what is issued under B, by the cross-certificate.
    place.ca(&["ca", "rotate", "--root"]).ok();
    crls(&served, &server, 4).await;
    pump.go_on(20).await;
    place.ca(&["issue", "client", "bob"]).ok();
    let bob = http(&place.connector(&place.path("bob")));
    ask(&bob, &url).await.unwrap();

    // A+B on both sides, then certificates of B.
    place.trust(&["--bundle", "both"]);
    server.handle().reload().await.unwrap();
    trust.check().await.unwrap();
    pump.go_on(20).await;
    let old = [
        place.serial("alice"),
        place.serial("localhost"),
        place.serial("late"),
    ];
    place.ca(&["renew", "localhost/server.crt"]).ok();
    server.handle().reload().await.unwrap();
    pump.go_on(20).await;
    place.ca(&["renew", "alice/client.crt"]).ok();
    identity.check().await.unwrap();
    pump.go_on(20).await;

    // Too early, and then not any more.
    let status = place.run(&["ca", "rotate", "--status", "--json"]).json();
    assert_eq!(status["certificates"].as_array().unwrap().len(), 3);
    place
        .ca(&["ca", "rotate", "--finish"])
        .refused("certificates still need");
    ask(&http(&place.connector(&place.path("late"))), &url)
        .await
        .unwrap();
    for serial in old {
        place.run(&["revoke", &serial, "--yes"]).ok();
    }
    refused(&place, &server, "late").await;
    pump.go_on(20).await;

    // B alone.
    place.trust(&["--bundle", "new"]);
    server.handle().reload().await.unwrap();
    trust.check().await.unwrap();
    pump.go_on(20).await;
    place.ca(&["ca", "rotate", "--finish"]).ok();
    server.handle().reload().await.unwrap();
    pump.go_on(20).await;
    refused(&place, &server, "late").await;

    // The service that has run all the time has taken up the new keys.
    place.run(&["revoke", "--name", "bob", "--yes"]).ok();
    refused(&place, &server, "bob").await;
    pump.go_on(20).await;
    pump.stop().await;
    server
        .graceful_shutdown(Duration::from_secs(5))
        .await
        .unwrap();
    assert!(served.stop());
}
