//! A WebSocket by tokio-tungstenite, over a connection that presents its certificate.
//!
//! ```sh
//! cargo run -p integrations --example websocket
//! cargo run -p integrations --example websocket -- wss://localhost:8443/ws --ca ca.crt --cert client.crt --key client.key
//! ```

use std::process::ExitCode;

use anyhow::Context;
use axum::Router;
use axum::routing::any;
use clap::Parser;
use examples::{Peer, finish, print};
use integrations::socket;

/// Says a word over a WebSocket, and prints what comes back.
#[derive(Parser)]
struct Options {
    /// What to say
    #[arg(long, default_value = "hello")]
    say: String,
    #[command(flatten)]
    peer: Peer,
}

#[tokio::main]
async fn main() -> ExitCode {
    finish(run(Options::parse())).await
}

async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let answer = converse(options.peer, &options.say).await?;
    print(&format!("{answer}\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// The server's answer to `word`.
pub(crate) async fn converse(peer: Peer, word: &str) -> anyhow::Result<String> {
    let (url, builder) = peer
        .find(Router::new().route("/ws", any(socket::upgrade)), "/ws")
        .await?;
    // The upgrade is one of HTTP/1.1.
    let stream = builder.alpn(&[b"http/1.1"]).build()?.connect(&url).await?;
    let wss = format!(
        "wss://{}{}",
        url.authority().context("the URL has no host")?,
        url.path()
    );
    socket::ask(stream, &wss, word).await
}
