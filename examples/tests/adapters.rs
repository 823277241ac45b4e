//! Adapters outside of `mtls-server`: plain hyper, and a protocol that is not HTTP.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::net::SocketAddr;

use support::{Client, PATIENCE, Pki, Program, address_after};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufStream},
    time::timeout,
};

/// An example that lets nobody but alice and carol do anything.
fn start(example: &str, pki: &Pki) -> (Program, SocketAddr) {
    pki.write(
        "rule.toml",
        "any = [{ common_name = \"alice\" }, { common_name = \"carol\" }]",
    );
    let rule = pki.path("rule.toml").display().to_string();
    let program = Program::start(example, pki.arguments(&["--rule", &rule]));
    let address = program.line(|line| {
        let listening = line.replace("https://", "");
        address_after(&listening, "listening on ")
    });
    (program, address)
}

async fn talk(client: &Client, server: SocketAddr) -> BufStream<impl AsyncRead + AsyncWrite> {
    let url = format!("https://localhost:{}", server.port());
    let stream = client.connector.connect(&url.parse().unwrap()).await;
    BufStream::new(stream.unwrap())
}

/// The answer to a line; empty where the connection is closed.
async fn say(stream: &mut BufStream<impl AsyncRead + AsyncWrite + Unpin>, line: &str) -> String {
    // A connection that is closed shows at the read.
    let _ = stream.write_all(format!("{line}\n").as_bytes()).await;
    let _ = stream.flush().await;
    let mut answer = String::new();
    let read = timeout(PATIENCE, stream.read_line(&mut answer)).await;
    let _ = read.expect("an answer, or the end");
    answer
}

#[tokio::test]
async fn a_line_protocol_knows_its_client_and_cuts_off_who_is_denied_or_revoked() {
    let pki = Pki::new();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| pki.client(name));
    let (program, server) = start("line", &pki);
    assert_eq!(say(&mut talk(&bob, server).await, "hello").await, "");
    let (mut of_alice, mut of_carol) = (talk(&alice, server).await, talk(&carol, server).await);
    assert_eq!(say(&mut of_alice, "hello").await, "alice: hello\n");
    assert_eq!(say(&mut of_carol, "hello").await, "carol: hello\n");
    pki.revoke(2, &[&alice.certificate]);
    program.hang_up();
    let cut_off = async { while !say(&mut of_alice, "still here").await.is_empty() {} };
    timeout(PATIENCE, cut_off).await.unwrap();
    assert_eq!(say(&mut of_carol, "bye").await, "carol: bye\n");
}

#[tokio::test]
async fn plain_hyper_strips_headers_and_answers_403_to_who_is_denied_or_revoked() {
    let pki = Pki::new();
    let [alice, bob] = ["alice", "bob"].map(|name| pki.client(name));
    let (program, server) = start("hyper_server", &pki);
    assert_eq!(bob.get(server, "/").await.unwrap().0, 403);
    let claimed = [
        ("accept", "*/*"),
        ("client-cert", ":AAAA:"),
        ("x-ssl-client-dn", "CN=root"),
    ];
    let (status, text) = alice.get_with(server, "/", &claimed).await.unwrap();
    assert_eq!(
        (status, text.as_str()),
        (200, "Hello alice, your headers: accept\n")
    );
    pki.revoke(2, &[&alice.certificate]);
    program.hang_up();
    // On the connection that is open it is 403, and no later one is accepted.
    let refused = async { while alice.get(server, "/").await.is_ok_and(|it| it.0 == 200) {} };
    timeout(PATIENCE, refused).await.unwrap();
}
