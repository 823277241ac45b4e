//! The example programs against a server of their own, and against one that refuses them.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(
    dead_code,
    reason = "the programs are taken as they are, `main` included"
)]

use std::path::{Path, PathBuf};

use examples::Peer;
use mtls_client::Error;
use mtls_lab::{Existing, Options, ensure};
use mtls_server::{MtlsConfig, ServerIdentity, files};
use time::OffsetDateTime;
use tokio::net::TcpListener;

#[path = "../grpc/main.rs"]
mod grpc;
#[path = "../../hyper/main.rs"]
mod hyper;
#[path = "../live/main.rs"]
mod live;
#[path = "../sdk/main.rs"]
mod sdk;
#[path = "../websocket/main.rs"]
mod websocket;

#[tokio::test]
async fn each_program_has_its_answer_from_a_server_of_its_own() {
    let answers = hyper::fetch_twice(Peer::default()).await.unwrap();
    for answer in answers {
        assert!(
            answer.starts_with("HTTP/2.0 200 OK\nHello client1"),
            "{answer}"
        );
    }
    let health = grpc::health(Peer::default()).await.unwrap();
    assert_eq!(health.as_str_name(), "SERVING");
    let word = websocket::converse(Peer::default(), "word").await.unwrap();
    assert!(
        word.starts_with("client1") && word.ends_with(": word"),
        "{word}"
    );
    let (events, answer) = live::follow(Peer::default()).await.unwrap();
    let told = ["1", "2", "3"].map(|n| format!("data: {n} for client1\n\n"));
    assert_eq!((events, &*answer), (told.concat(), "client1: hello"));
    let orders = sdk::orders(Peer::default()).await.unwrap();
    let order = orders.get(7).await.unwrap().unwrap();
    assert_eq!((order.number, &*order.item), (7, "two apples"));
    assert_eq!(orders.get(8).await.unwrap(), None);
}

/// A lab, with a server of it that takes clients of its CA only.
async fn strict_server(keep: &Path) -> (PathBuf, String) {
    let lab = keep.join("lab");
    ensure(
        &lab,
        &Options::default(),
        Existing::Keep,
        OffsetDateTime::now_utc(),
    )
    .unwrap();
    let same_ca = lab.join("same-ca");
    let identity =
        ServerIdentity::from_files(same_ca.join("server.crt"), same_ca.join("server.key")).unwrap();
    let roots = files::client_roots(same_ca.join("ca.crt")).unwrap();
    let config = MtlsConfig::builder(identity, roots).build().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let _serving = mtls_server::serve(listener, axum::Router::new(), config).unwrap();
    (lab, format!("localhost:{port}/"))
}

#[tokio::test]
async fn each_program_says_why_it_has_none() {
    let keep = tempfile::tempdir().unwrap();
    let (lab, address) = strict_server(keep.path()).await;
    for (ca, client, kind) in [
        (
            "same-ca/ca",
            "refused/untrusted-ca/client",
            "identity-rejected",
        ),
        (
            "different-ca/server-ca",
            "same-ca/client",
            "untrusted-server",
        ),
    ] {
        let peer = |scheme: &str| Peer {
            url: Some(format!("{scheme}://{address}").parse().unwrap()),
            ca: Some(lab.join(format!("{ca}.crt"))),
            cert: Some(lab.join(format!("{client}.crt"))),
            key: Some(lab.join(format!("{client}.key"))),
        };
        let errors = [
            hyper::fetch_twice(peer("https")).await.unwrap_err(),
            grpc::health(peer("https")).await.unwrap_err(),
            websocket::converse(peer("wss"), "word").await.unwrap_err(),
            live::follow(peer("https")).await.unwrap_err(),
            sdk::orders(peer("https"))
                .await
                .unwrap()
                .get(7)
                .await
                .unwrap_err()
                .into(),
        ];
        for error in errors {
            let found = Error::classify(&*error);
            assert_eq!(found.kind().as_str(), kind, "{error:?}");
        }
    }
}
