//! Requests to CA processes, each with a deadline.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, ensure};
use axum::body::{Body, Bytes};
use http_body_util::BodyExt as _;
use hyper::Request;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// A connection that is made when it is needed.
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    open: Option<SendRequest<Body>>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let open = None;
        Self { address, open }
    }

    /// The body of a response with status 200. Whatever else there is ends the connection.
    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        body: impl Into<Body>,
        limit: Duration,
    ) -> Result<Bytes> {
        let open = self.open.take();
        let work = async {
            let mut sender = match open {
                Some(sender) => sender,
                None => {
                    let stream = TcpStream::connect(self.address).await?;
                    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
                    tokio::spawn(connection);
                    sender
                }
            };
            let request = Request::builder()
                .method(method)
                .uri(path)
                .header("host", self.address.to_string())
                .header("content-type", "application/ocsp-request")
                .body(body.into())?;
            let response = sender.send_request(request).await?;
            let status = response.status();
            let body = response.into_body().collect().await?.to_bytes();
            let text = String::from_utf8_lossy(&body);
            ensure!(status.as_u16() == 200, "{status}: {text}");
            Ok((sender, body))
        };
        let (sender, body) = tokio::time::timeout(limit, work).await??;
        self.open = Some(sender);
        Ok(body)
    }
}
