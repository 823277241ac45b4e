//! Hostile peers, which come back whenever they are closed.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;

/// What one of them does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trick {
    /// Connects, and says nothing.
    Silent,
    /// Bytes that are not TLS.
    Garbage,
    /// A ClientHello, a byte at a time.
    Drip,
    /// Half of a ClientHello, and the end of what it sends.
    HalfClosed,
    /// A ClientHello, and no more.
    HelloAlone,
    /// A good handshake, and a part of a request.
    HalfHeader,
}

impl Trick {
    pub(super) const ALL: [Self; 6] = [
        Self::Silent,
        Self::Garbage,
        Self::Drip,
        Self::HalfClosed,
        Self::HelloAlone,
        Self::HalfHeader,
    ];
}

/// All of them, and what became of them.
pub(super) struct Crowd {
    server: SocketAddr,
    tls: Arc<ClientConfig>,
    hello: Vec<u8>,
    over: Arc<AtomicBool>,
    pub(super) came: AtomicU64,
    /// How often the server had not hung up after [`HELD`].
    pub(super) held: AtomicU64,
}

impl Crowd {
    /// They have a good certificate, for [`Trick::HalfHeader`].
    pub(super) fn new(
        server: SocketAddr,
        tls: ClientConfig,
        over: Arc<AtomicBool>,
    ) -> Result<Self> {
        let tls = Arc::new(tls);
        let name = ServerName::try_from("localhost")?;
        let mut connection = ClientConnection::new(Arc::clone(&tls), name)?;
        let mut hello = Vec::new();
        connection.write_tls(&mut hello)?;
        Ok(Self {
            server,
            tls,
            hello,
            over,
            came: AtomicU64::new(0),
            held: AtomicU64::new(0),
        })
    }

    /// The life of the one with this number.
    pub(super) async fn pester(self: Arc<Self>, number: usize) {
        let trick = Trick::ALL[number % Trick::ALL.len()];
        // More of each address than may have unfinished handshakes; none of them the pumps' own.
        let home = Ipv4Addr::new(127, 0, 0, 2 + (number % ADDRESSES) as u8);
        while !self.over.load(Ordering::Relaxed) {
            // What fails here is what the server is for.
            if let Ok(stream) = self.knock(home).await {
                self.came.fetch_add(1, Ordering::Relaxed);
                let visit = tokio::time::timeout(HELD, self.visit(stream, trick));
                if visit.await.is_err() {
                    self.held.fetch_add(1, Ordering::Relaxed);
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn knock(&self, home: Ipv4Addr) -> io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((home, 0)))?;
        socket.connect(self.server).await
    }

    /// Until the server hangs up.
    async fn visit(&self, mut stream: TcpStream, trick: Trick) -> io::Result<()> {
        match trick {
            Trick::Silent => {}
            Trick::Garbage => stream.write_all(&[0xa5; 200]).await?,
            Trick::Drip => {
                for byte in &self.hello {
                    stream.write_all(&[*byte]).await?;
                    tokio::time::sleep(DRIP).await;
                }
            }
            Trick::HalfClosed => {
                stream
                    .write_all(&self.hello[..self.hello.len() / 2])
                    .await?;
                stream.shutdown().await?;
            }
            Trick::HelloAlone => stream.write_all(&self.hello).await?,
            Trick::HalfHeader => {
                let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
                let tls = TlsConnector::from(Arc::clone(&self.tls));
                let mut stream = tls.connect(name, stream).await?;
                stream.write_all(b"GET / HTTP/1.1\r\nHost: local").await?;
                return drain(stream).await;
            }
        }
        drain(stream).await
    }
}

async fn drain(mut stream: impl tokio::io::AsyncRead + Unpin) -> io::Result<()> {
    let mut buffer = [0; 1024];
    while stream.read(&mut buffer).await? > 0 {}
    Ok(())
}

const ADDRESSES: usize = 4;
const DRIP: Duration = Duration::from_millis(50);
/// Before one comes back. With a fifth of it the ports of an address run out within the minute that the system keeps
/// closed ones, and it is the search for a free one that takes all of the machine's time.
const PAUSE: Duration = Duration::from_millis(250);
/// The longest that any of them may stay is ten seconds, for a handshake or for a header after it.
const HELD: Duration = Duration::from_secs(25);
