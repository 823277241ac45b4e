//! HTTP/1.1 and HTTP/2 on one connection that the test can watch.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{Request, Response},
};
use http_body_util::BodyExt as _;
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ClientConfig;
use tokio::{task::JoinHandle, time::timeout};

use super::client::{Failure, connect_as};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Http {
    One,
    Two,
}

pub const HTTPS: [Http; 2] = [Http::One, Http::Two];

/// How long anything may take that is expected to happen.
pub const PATIENCE: Duration = Duration::from_secs(10);

pub struct Connection {
    sender: Sender,
    driver: JoinHandle<Result<(), hyper::Error>>,
}

enum Sender {
    One(http1::SendRequest<Body>),
    Two(http2::SendRequest<Body>),
}

impl Connection {
    pub async fn open(
        http: Http,
        address: SocketAddr,
        config: ClientConfig,
    ) -> Result<Self, Failure> {
        Self::open_as("localhost", http, address, config).await
    }

    pub async fn open_as(
        name: &str,
        http: Http,
        address: SocketAddr,
        mut config: ClientConfig,
    ) -> Result<Self, Failure> {
        config.alpn_protocols = match http {
            Http::One => vec![b"http/1.1".to_vec()],
            Http::Two => vec![b"h2".to_vec()],
        };
        let io = TokioIo::new(connect_as(name, address, Arc::new(config)).await?);
        Ok(match http {
            Http::One => {
                let (sender, driver) = http1::handshake(io).await.unwrap();
                let driver = tokio::spawn(driver.with_upgrades());
                Self {
                    sender: Sender::One(sender),
                    driver,
                }
            }
            Http::Two => {
                let executor = TokioExecutor::new();
                let (sender, driver) = http2::handshake(executor, io).await.unwrap();
                Self {
                    sender: Sender::Two(sender),
                    driver: tokio::spawn(driver),
                }
            }
        })
    }

    /// Sends a request; what it gives back waits for the answer.
    pub async fn send(
        &mut self,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response<Incoming>, hyper::Error>> + Send + use<> {
        // What is wrong shows in the answer.
        let _ = self.ready().await;
        type Answer = std::pin::Pin<
            Box<dyn Future<Output = Result<Response<Incoming>, hyper::Error>> + Send>,
        >;
        match &mut self.sender {
            Sender::One(sender) => Box::pin(sender.send_request(request)) as Answer,
            Sender::Two(sender) => Box::pin(sender.send_request(request)),
        }
    }

    /// Status and body of a GET.
    pub async fn get(&mut self, path: &str) -> Result<(u16, String), hyper::Error> {
        self.get_of("localhost", path).await
    }

    pub async fn get_of(&mut self, host: &str, path: &str) -> Result<(u16, String), hyper::Error> {
        self.ready().await?;
        let request = self.request(host, path).body(Body::empty()).unwrap();
        let answer = self.send(request).await.await?;
        let status = answer.status().as_u16();
        Ok((status, text(answer).await?))
    }

    async fn ready(&mut self) -> Result<(), hyper::Error> {
        match &mut self.sender {
            Sender::One(sender) => sender.ready().await,
            Sender::Two(sender) => sender.ready().await,
        }
    }

    pub fn request(&self, host: &str, path: &str) -> axum::http::request::Builder {
        match &self.sender {
            Sender::One(_) => Request::get(path).header("host", host),
            Sender::Two(_) => Request::get(format!("https://{host}{path}")),
        }
    }

    /// Waits until the server has closed the connection.
    pub async fn closed(&mut self) {
        let ended = timeout(PATIENCE, &mut self.driver).await;
        let _ = ended.expect("the server closes the connection").unwrap();
    }

    pub fn is_open(&self) -> bool {
        !self.driver.is_finished()
    }
}

pub async fn text(answer: Response<Incoming>) -> Result<String, hyper::Error> {
    let body: Bytes = answer.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8(body.to_vec()).unwrap())
}
