//! Both sides of a service take each new certificate of their agents, and no request notices.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use mtls_client::{
    Connector, EnrollError, EnrolledFiles, Enroller, IdentityFiles, Password, RenewalAgent,
    Rotating, TrustAnchors,
};
use mtls_server::{ClientCert, MtlsFiles, Rule, Serving, VirtualHostFiles};
use tokio::net::TcpListener;
use x509_identity::{Certificate, DistinguishedName};

use crate::support::enrollment::Enrolling;
use crate::support::http::PATIENCE;

type Body = Empty<hyper::body::Bytes>;

/// An agent with its first certificate.
async fn enrolled(
    enrolling: &Enrolling,
    number: u8,
    profile: &str,
    directory: &Path,
) -> RenewalAgent {
    let life = time::Duration::HOUR;
    let name = if profile == "server" {
        "localhost"
    } else {
        "peer"
    };
    let token = enrolling
        .new_token(number, profile, &[name], 1, life)
        .await
        .1;
    let root = enrolling.ca.root.authority().certificate();
    let roots = TrustAnchors::from_certs([root.der()]).unwrap();
    let enroller = Enroller::new(&enrolling.url(""), roots).unwrap();
    let files = EnrolledFiles::open(directory).unwrap();
    let agent = RenewalAgent::new(enroller, files).token(Password::new(token));
    let no_name = DistinguishedName::default();
    agent.enroll_once(&no_name, &[]).await.unwrap();
    agent
}

async fn service(directory: &Path) -> Serving {
    let [certificate, key, roots] = EnrolledFiles::open(directory).unwrap().paths();
    let config = MtlsFiles::new(VirtualHostFiles::new(certificate, key, roots));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let whoami = |client: ClientCert| async move { client.serial().to_string() };
    let router = Router::new().route("/", get(whoami));
    mtls_server::serve(listener, router, config.load().await.unwrap()).unwrap()
}

/// Asks over kept connections, and says which certificate was presented.
async fn ask(client: &Rotating<Client<Connector, Body>>, url: &str) -> Result<String, String> {
    let response = client.get().get(url.parse().unwrap()).await;
    let response = response.map_err(|error| mtls_client::Error::classify(&error).to_string())?;
    let body = response.into_body().collect().await;
    let body = body.map_err(|error| error.to_string())?.to_bytes();
    Ok(String::from_utf8(body.to_vec()).unwrap())
}

/// Which certificate the server presents on a new connection.
async fn presented(connector: &Connector, url: &str) -> String {
    let stream = connector.connect(&url.parse().unwrap()).await.unwrap();
    let leaf = stream.session().unwrap().peer_certificates().unwrap()[0].clone();
    Certificate::from_der(&leaf).unwrap().serial().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn four_rotations_of_both_sides_fail_no_request() {
    let enrolling = Enrolling::new().await;
    let (server_files, client_files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let of_server = enrolled(&enrolling, 1, "server", server_files.path()).await;
    let of_client = enrolled(&enrolling, 2, "client", client_files.path()).await;
    let serving = service(server_files.path()).await;
    let _watch = serving.handle().watch(LOOK);
    let url = format!("https://localhost:{}/", serving.local_addr().port());

    let files = EnrolledFiles::open(client_files.path()).unwrap();
    let [certificate, key, _] = files.paths();
    let identity = IdentityFiles::pem(certificate, key);
    let roots = files.roots().unwrap().unwrap();
    let connector = Connector::builder(roots, identity.read().unwrap())
        .build()
        .unwrap();
    let _watch = connector.watch(identity, LOOK);
    let make = |connector: &Connector| {
        let client = Client::builder(TokioExecutor::new());
        Ok::<_, std::convert::Infallible>(client.build(connector.clone()))
    };
    let client: Rotating<Client<Connector, Body>> = connector.rotating(make).unwrap();

    let over = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicU32::new(0));
    let load = tokio::spawn({
        let (client, url) = (client.clone(), url.clone());
        let (over, answered) = (over.clone(), answered.clone());
        async move {
            let mut failed = Vec::new();
            while !over.load(Ordering::Relaxed) {
                match ask(&client, &url).await {
                    Ok(_) => drop(answered.fetch_add(1, Ordering::Relaxed)),
                    Err(error) => failed.push(error),
                }
            }
            failed
        }
    });
    for rotation in 1..=4 {
        let server = of_server.renew().await.unwrap().certificate;
        let client_side = of_client.renew().await.unwrap().certificate;
        let wanted = [server, client_side].map(|it| it.serial().to_string());
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = [
                presented(&connector, &url).await,
                ask(&client, &url).await.unwrap(),
            ];
            if seen == wanted {
                break;
            }
            assert!(
                Instant::now() < deadline,
                "rotation {rotation}: {seen:?}, not {wanted:?}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    over.store(true, Ordering::Relaxed);
    let failed = load.await.unwrap();
    assert!(failed.is_empty(), "{failed:?}");
    assert!(answered.load(Ordering::Relaxed) > 100);
}

#[tokio::test]
async fn one_use_of_a_token_is_enough_for_many_certificates_and_not_for_another_device() {
    let enrolling = Enrolling::new().await;
    let directory = tempfile::tempdir().unwrap();
    let agent = enrolled(&enrolling, 1, "server", directory.path()).await;
    for _ in 0..3 {
        agent.renew().await.unwrap();
    }
    let refused = agent.enroll_once(&DistinguishedName::default(), &[]).await;
    let refused = refused.unwrap_err();
    assert!(refused.is_final(), "{refused}");
    assert!(
        refused.to_string().contains("the token was used already"),
        "{refused}"
    );
}

const LOOK: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_its_service_refuses_does_not_replace_the_old_one() {
    let enrolling = Enrolling::new().await;
    let (server_files, client_files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    enrolled(&enrolling, 1, "server", server_files.path()).await;
    enrolled(&enrolling, 2, "client", client_files.path()).await;
    let serving = service(server_files.path()).await;
    let files = EnrolledFiles::open(client_files.path()).unwrap();
    let serial = || {
        let identity = files.identity().unwrap().unwrap();
        identity.certificate().serial().to_string()
    };
    let agent = |port: u16| {
        let roots = files.roots().unwrap().unwrap();
        let enroller = Enroller::new(&enrolling.url(""), roots).unwrap();
        let enroller = enroller.trying(&format!("https://localhost:{port}/"));
        RenewalAgent::new(enroller.unwrap(), files.clone())
    };
    let before = serial();
    let present = before.clone();
    let others = Rule::custom("any other one", move |client| {
        client.serial().to_string() != present
    });
    serving.handle().revoke_now(others).await;
    let port = serving.local_addr().port();
    let refused = agent(port).renew().await.unwrap_err();
    assert!(matches!(refused, EnrollError::NotAccepted(_)), "{refused}");
    assert_eq!(serial(), before);

    // One that is not there decides nothing.
    let ended = serving.graceful_shutdown(Duration::ZERO).await;
    ended.unwrap();
    agent(port).renew().await.unwrap();
    assert_ne!(serial(), before);
}
