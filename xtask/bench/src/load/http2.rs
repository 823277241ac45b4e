//! HTTP/2, by tasks of one thread.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2::{self, SendRequest};
use hyper::{Request, StatusCode, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::{Client, Pattern, SILENCE, STREAMS, Until, server_name};

impl Client {
    pub(super) fn streams_until(&self, end: Until) -> Result<u64> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let mut streams = JoinSet::new();
            for _ in 0..Pattern::Http2.in_flight() / STREAMS {
                let connection = self.connect_http2().await?;
                for _ in 0..STREAMS {
                    streams.spawn(gets_until(connection.clone(), end));
                }
            }
            let mut count = 0;
            while let Some(stream) = streams.join_next().await {
                count += stream??;
            }
            Ok(count)
        })
    }

    async fn connect_http2(&self) -> Result<SendRequest<Empty<Bytes>>> {
        let tcp = TcpStream::connect(self.server)
            .await
            .context("connecting")?;
        tcp.set_nodelay(true)?;
        let connector = TlsConnector::from(Arc::clone(&self.over_http2));
        let stream = connector.connect(server_name()?, tcp).await?;
        ensure!(
            stream.get_ref().1.alpn_protocol() == Some(b"h2"),
            "the server does not speak HTTP/2"
        );
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
        // Its end shows in the requests, whichever way it ends.
        tokio::spawn(connection);
        Ok(sender)
    }
}

async fn gets_until(mut connection: SendRequest<Empty<Bytes>>, end: Until) -> Result<u64> {
    let mut count = 0;
    while !end.is_reached(count) {
        let request = Request::get("https://localhost/")
            .version(Version::HTTP_2)
            .body(Empty::new())?;
        let answer = async {
            let response = connection.send_request(request).await?;
            let status = response.status();
            response.into_body().collect().await?;
            anyhow::Ok(status)
        };
        let status = timeout(SILENCE, answer).await.context("no answer")??;
        ensure!(status == StatusCode::OK, "the server answered {status}");
        count += 1;
    }
    Ok(count)
}
