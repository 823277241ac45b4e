//! Connections that asked once, and are then only there.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::http1::{REQUEST, is_whole};
use super::{SILENCE, local, server_name, tls};

/// Idle connections to one server; dropped, they end.
pub(crate) struct Crowd {
    runtime: Runtime,
    connector: TlsConnector,
    server: SocketAddr,
    held: Vec<TlsStream<TcpStream>>,
}

impl Crowd {
    /// Nobody yet, of the client of the set in `directory`, for the server on `port` of this machine.
    pub(crate) fn of(directory: &Path, port: u16) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Self {
            runtime,
            connector: Arc::new(tls(directory, "http/1.1")?).into(),
            server: local(port),
            held: Vec::new(),
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.held.len()
    }

    /// Opens connections until there are `count`; each asks once.
    pub(crate) fn grow_to(&mut self, count: usize) -> Result<()> {
        let (connector, server, held) = (&self.connector, self.server, &mut self.held);
        self.runtime.block_on(async {
            let mut opening = JoinSet::new();
            let mut wanted = held.len()..count;
            while !wanted.is_empty() || !opening.is_empty() {
                while opening.len() < AT_A_TIME
                    && let Some(index) = wanted.next()
                {
                    opening.spawn(open(connector.clone(), address(index), server));
                }
                if let Some(opened) = opening.join_next().await {
                    let opened = opened?.with_context(|| format!("with {} held", held.len()))?;
                    held.push(opened);
                }
            }
            Ok(())
        })
    }

    /// Asks once more on each connection: all must still be there.
    pub(crate) fn ask_all(&mut self) -> Result<()> {
        let held = &mut self.held;
        self.runtime.block_on(async {
            for (index, stream) in held.iter_mut().enumerate() {
                let answered = ask(stream).await;
                answered.with_context(|| format!("connection {index} was not kept"))?;
            }
            Ok(())
        })
    }
}

/// Where the connection of this number comes from: all of 127.0.0.0/8 is this machine.
fn address(index: usize) -> Ipv4Addr {
    let host = u8::try_from(index / PER_ADDRESS % 250).unwrap_or_default();
    Ipv4Addr::new(127, 0, 1, host + 1)
}

async fn open(
    connector: TlsConnector,
    from: Ipv4Addr,
    server: SocketAddr,
) -> Result<TlsStream<TcpStream>> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    let tcp = socket.connect(server).await.context("connecting")?;
    tcp.set_nodelay(true)?;
    let mut stream = connector.connect(server_name()?, tcp).await?;
    ask(&mut stream).await?;
    Ok(stream)
}

async fn ask(stream: &mut TlsStream<TcpStream>) -> Result<()> {
    timeout(SILENCE, async {
        stream.write_all(REQUEST).await?;
        stream.flush().await?;
        let mut answer = Vec::new();
        loop {
            let read = stream.read_buf(&mut answer).await?;
            ensure!(read > 0, "the server ended the connection");
            if is_whole(&answer)? {
                return Ok(());
            }
        }
    })
    .await
    .context("no answer")?
}

/// How many handshakes there are at a time: fewer than any server allows of one address.
const AT_A_TIME: usize = 32;

/// Connections from one address: half of what `hello` allows.
const PER_ADDRESS: usize = 500;
