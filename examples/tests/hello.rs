//! `hello` follows its files while it serves.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use support::{Client, Pki, Program, address_after};
use test_pki::{Ca, Leaf};

/// The example, and where it listens.
fn hello(pki: &Pki, more: &[&str]) -> (Program, std::net::SocketAddr) {
    let program = Program::start("hello", pki.arguments(more));
    let address = program.line(|line| address_after(line, "listening on https://"));
    (program, address)
}

async fn asks(client: &Client, server: std::net::SocketAddr) -> bool {
    client.get(server, "/").await.is_ok()
}

#[tokio::test]
async fn a_list_that_changes_is_taken_on_a_hangup_and_by_itself() {
    for (more, signal) in [(["--watch", "3600"], true), (["--watch", "1"], false)] {
        let pki = Pki::new();
        let (alice, bob) = (pki.client("alice"), pki.client("bob"));
        let (program, server) = hello(&pki, &more);
        assert_eq!(alice.get(server, "/").await.unwrap().1, "Hello alice\n");
        pki.revoke(2, &[&alice.certificate]);
        if signal {
            program.hang_up();
        }
        let refused = async {
            while asks(&alice, server).await {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(support::PATIENCE, refused)
            .await
            .unwrap();
        assert!(asks(&bob, server).await);
    }
}

#[tokio::test]
async fn a_bad_file_is_one_line_and_the_server_goes_on() {
    let pki = Pki::new();
    let alice = pki.client("alice");
    let (program, server) = hello(&pki, &["--watch", "3600"]);
    for (content, said) in [("", "is empty"), ("garbage", "neither PEM nor DER")] {
        pki.write("ca.crl", content);
        program.hang_up();
        program.line(|line| line.contains(said).then_some(()));
        assert!(asks(&alice, server).await);
    }
    pki.revoke(2, &[&alice.certificate]);
    program.hang_up();
    while asks(&alice, server).await {
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_bad_file_is_one_line_at_the_start_and_there_is_no_server() {
    for (name, content, said) in [
        ("ca.crt", "garbage", "neither PEM nor DER"),
        ("ca.crl", "", "is empty"),
        ("server.key", "", "is empty"),
    ] {
        let pki = Pki::new();
        pki.write(name, content);
        let program = Program::start("hello", pki.arguments(&[]));
        let line = program.line(|line| Some(line.to_owned()));
        assert!(
            line.starts_with("error: ") && line.contains(name) && line.contains(said),
            "{line}"
        );
    }
}

#[tokio::test]
async fn each_refused_client_is_a_line_that_says_why() {
    let (pki, other) = (Pki::new(), Pki::new());
    let (alice, mallory) = (pki.client("alice"), pki.client_of(&other, "mallory"));
    let (program, server) = hello(&pki, &[]);
    assert!(asks(&alice, server).await);
    assert!(!asks(&mallory, server).await);
    // An accepted client is none of the lines before it.
    program.line(|line| {
        assert!(!line.contains("alice"), "{line}");
        let refused = line.contains("connection refused") && line.contains("CN=mallory");
        refused.then_some(())
    });
}

#[test]
fn help_says_how_to_see_more() {
    let program = Program::start("hello", ["--help"]);
    program.line(|line| line.contains("RUST_LOG").then_some(()));
}

#[test]
fn a_server_certificate_that_clients_will_refuse_is_a_warning() {
    type Server = fn(&Ca) -> Leaf;
    for (server, said) in [
        ((|ca| ca.server("localhost")) as Server, None),
        (|ca| ca.server("localhost").expired(), Some("expired at")),
        (
            |ca| ca.server("localhost").not_yet_valid(),
            Some("is not valid before"),
        ),
        (
            |ca| ca.client("localhost").dns("localhost"),
            Some("is for clientAuth only"),
        ),
        (
            |ca| ca.issuing("issuing").as_leaf(),
            Some("is a CA certificate"),
        ),
        (
            |ca| {
                ca.server("localhost")
                    .with(|leaf| leaf.subject_alt_names.clear())
            },
            Some("names no host"),
        ),
    ] {
        let pki = Pki::new();
        pki.present(server);
        let program = Program::start("hello", pki.arguments(&[]));
        let is_warning = |line: &str| line.contains("clients will refuse the server's certificate");
        match said {
            Some(said) => {
                let warning = program.line(|line| is_warning(line).then(|| line.to_owned()));
                assert!(warning.contains(said), "{warning}");
            }
            None => program.line(|line| {
                assert!(!is_warning(line), "{line}");
                line.starts_with("listening on").then_some(())
            }),
        }
    }
}
