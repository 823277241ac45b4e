//! Clients that ask again and again, each in its own way.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail, ensure};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::{http1, http2};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use mtls_client::{Connector, Rotating};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, HandshakeKind};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// One way to ask.
pub(super) enum Pump {
    /// Connections that are kept, by hyper-util.
    Hyper(Rotating<Client<Connector, Empty<Bytes>>>),
    /// Connections that are kept, by reqwest.
    Reqwest(Rotating<reqwest::Client>),
    /// A connection for each request.
    Fresh(Connector, Http),
    /// The same, and a session that is resumed where the server lets it.
    Resuming(Arc<ClientConfig>, Http),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Http {
    One,
    Two,
}

impl Http {
    pub(super) const BOTH: [Self; 2] = [Self::One, Self::Two];

    pub(super) fn alpn(self) -> &'static [u8] {
        match self {
            Self::One => b"http/1.1",
            Self::Two => b"h2",
        }
    }
}

/// What a pump has done.
#[derive(Default)]
pub(super) struct Done {
    /// Of each request that was answered, how long it took.
    pub(super) took: Vec<Duration>,
    /// How many of them on a resumed session; `None` of a pump that does not try.
    pub(super) resumed: Option<u64>,
    /// Of each that was not, who it was, when and why.
    pub(super) failed: Vec<String>,
    /// The slowest answer, and who got it when.
    pub(super) slowest: (Duration, String),
}

impl Pump {
    pub(super) fn hyper(connector: &Connector) -> Self {
        let make = |connector: &Connector| {
            let client = Client::builder(TokioExecutor::new()).build(connector.clone());
            Ok::<_, Infallible>(client)
        };
        match connector.rotating(make) {
            Ok(client) => Self::Hyper(client),
            Err(never) => match never {},
        }
    }

    pub(super) fn reqwest(connector: &Connector) -> Result<Self> {
        let client = connector.rotating(|connector| connector.reqwest().build())?;
        Ok(Self::Reqwest(client))
    }

    /// Asks until `over`.
    pub(super) async fn run(
        self,
        server: SocketAddr,
        began: Instant,
        over: Arc<AtomicBool>,
    ) -> Done {
        let resumes = matches!(self, Self::Resuming(..));
        let mut done = Done {
            resumed: resumes.then_some(0),
            ..Done::default()
        };
        while !over.load(Ordering::Relaxed) {
            let start = Instant::now();
            let answer = tokio::time::timeout(PATIENCE, self.ask(server)).await;
            let took = start.elapsed();
            let whose = || {
                format!(
                    "{} after {:.1} s",
                    self.name(),
                    began.elapsed().as_secs_f32()
                )
            };
            match answer.unwrap_or_else(|_| Err(anyhow!("no answer in time"))) {
                Ok(kind) => {
                    done.took.push(took);
                    if let Some(resumed) = &mut done.resumed {
                        *resumed += u64::from(kind == Some(HandshakeKind::Resumed));
                    }
                    if took > done.slowest.0 {
                        done.slowest = (took, whose());
                    }
                }
                Err(error) => done.failed.push(format!("{}: {error:#}", whose())),
            }
            // Ten pumps without a pause would measure how they wait for each other.
            tokio::time::sleep(PAUSE).await;
        }
        done
    }

    fn name(&self) -> String {
        match self {
            Self::Hyper(_) => "hyper-util".to_owned(),
            Self::Reqwest(_) => "reqwest".to_owned(),
            Self::Fresh(_, http) => format!("a fresh connection, {http:?}"),
            Self::Resuming(_, http) => format!("a resuming connection, {http:?}"),
        }
    }

    /// Whether its connections stay open when it has been answered.
    pub(super) fn keeps(&self) -> bool {
        matches!(self, Self::Hyper(_) | Self::Reqwest(_))
    }

    /// Asks once; how the handshake went, where that is known.
    pub(super) async fn ask(&self, server: SocketAddr) -> Result<Option<HandshakeKind>> {
        let url = format!("https://localhost:{}/", server.port());
        let (status, body) = match self {
            Self::Hyper(client) => {
                let answer = client.get().get(url.parse()?).await;
                let (head, body) = answer.map_err(|error| told(&error))?.into_parts();
                (head.status.as_u16(), body.collect().await?.to_bytes())
            }
            Self::Reqwest(client) => {
                let answer = client.get().get(url).send().await;
                let answer = answer.map_err(mtls_client::Error::from_reqwest)?;
                (answer.status().as_u16(), answer.bytes().await?)
            }
            Self::Fresh(connector, http) => {
                let stream = connector.connect(&url.parse()?).await?;
                exchange(stream, *http, &url).await?
            }
            Self::Resuming(config, http) => {
                let tcp = TcpStream::connect(server).await?;
                tcp.set_nodelay(true)?;
                let name = ServerName::try_from("localhost")?;
                let stream = TlsConnector::from(Arc::clone(config))
                    .connect(name, tcp)
                    .await?;
                let kind = stream.get_ref().1.handshake_kind();
                check(exchange(stream, *http, &url).await?)?;
                return Ok(kind);
            }
        };
        check((status, body))?;
        Ok(None)
    }
}

/// The one answer that is right.
fn check((status, body): (u16, Bytes)) -> Result<()> {
    ensure!(
        status == 200,
        "status {status}: {}",
        String::from_utf8_lossy(&body)
    );
    if !body.starts_with(b"Hello pump") {
        bail!("the wrong answer: {}", String::from_utf8_lossy(&body));
    }
    Ok(())
}

/// One request on a connection of its own.
async fn exchange<S>(stream: S, http: Http, url: &str) -> Result<(u16, Bytes)>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let io = TokioIo::new(stream);
    let request = Request::get(match http {
        Http::One => "/",
        Http::Two => url,
    });
    let answer = match http {
        Http::One => {
            let request = request
                .header(http::header::HOST, "localhost")
                .body(Empty::<Bytes>::new())?;
            let (mut sender, connection) = http1::handshake(io).await?;
            tokio::spawn(connection);
            let answer = sender
                .send_request(request)
                .await
                .map_err(|error| told(&error))?;
            whole(answer).await?
        }
        Http::Two => {
            let request = request.body(Empty::<Bytes>::new())?;
            let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
            tokio::spawn(connection);
            let answer = sender
                .send_request(request)
                .await
                .map_err(|error| told(&error))?;
            whole(answer).await?
        }
    };
    Ok(answer)
}

async fn whole(answer: http::Response<hyper::body::Incoming>) -> Result<(u16, Bytes)> {
    let status = answer.status().as_u16();
    Ok((status, answer.into_body().collect().await?.to_bytes()))
}

fn told(error: &(dyn std::error::Error + 'static)) -> mtls_client::Error {
    mtls_client::Error::classify(error)
}

/// Longer than any answer of a server that works.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(5);
