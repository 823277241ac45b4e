//! A WebSocket by tokio-tungstenite, over a connection that shows its certificate.
//!
//! ```sh
//! cargo run -p integrations --example websocket
//! cargo run -p integrations --example websocket -- wss://localhost:8443/ws --ca ca.crt --cert client.crt --key client.key
//! ```

use std::process::ExitCode;

use anyhow::Context;
use axum::Router;
use axum::extract::ws::{Message as Frame, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::any;
use clap::Parser;
use examples::{Peer, finish, print};
use futures_util::{SinkExt, StreamExt};
use mtls_client::Error;
use mtls_server::ClientCert;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

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
        .find(Router::new().route("/ws", any(upgrade)), "/ws")
        .await?;
    // The upgrade is one of HTTP/1.1.
    let stream = builder.alpn(&[b"http/1.1"]).build()?.connect(&url).await?;
    let wss = format!(
        "wss://{}{}",
        url.authority().context("the URL has no host")?,
        url.path()
    );
    let (mut socket, _) = client_async(wss, stream)
        .await
        .map_err(|error| Error::classify(&error))?;
    socket.send(Message::text(word)).await?;
    let answer = socket.next().await.context("the server hung up")??;
    socket.close(None).await?;
    Ok(answer.into_text()?.to_string())
}

async fn upgrade(client: ClientCert, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| echo(client, socket))
}

/// Answers each text with the client's name before it.
async fn echo(client: ClientCert, mut socket: WebSocket) {
    let name = client.common_name().unwrap_or("nobody");
    while let Some(Ok(Frame::Text(text))) = socket.recv().await {
        let answer = Frame::text(format!("{name}: {text}"));
        if socket.send(answer).await.is_err() {
            break;
        }
    }
}
