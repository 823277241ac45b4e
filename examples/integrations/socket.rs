//! A WebSocket on both sides, for those that do something else besides.

use anyhow::Context;
use axum::extract::ws::{Message as Frame, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use futures_util::{SinkExt, StreamExt};
use mtls_client::Error;
use mtls_server::ClientCert;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

/// The server's side: answers each text with the client's name before it. A revoked client's socket is closed by the
/// server.
pub async fn upgrade(client: ClientCert, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| echo(client, socket))
}

async fn echo(client: ClientCert, mut socket: WebSocket) {
    let name = client.common_name().unwrap_or("nobody");
    while let Some(Ok(Frame::Text(text))) = socket.recv().await {
        let answer = Frame::text(format!("{name}: {text}"));
        if socket.send(answer).await.is_err() {
            break;
        }
    }
}

/// The client's side: the server's answer to `word`, on a connection that is there already.
///
/// # Errors
///
/// Why there is none.
pub async fn ask<S>(stream: S, url: &str, word: &str) -> anyhow::Result<String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut socket, _) = client_async(url, stream)
        .await
        .map_err(|error| Error::classify(&error))?;
    socket.send(Message::text(word)).await?;
    let answer = socket.next().await.context("the server hung up")??;
    socket.close(None).await?;
    Ok(answer.into_text()?.to_string())
}
