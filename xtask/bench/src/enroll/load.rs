//! A device that asks over TLS, and what that costs the server.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::ca::load::Asking;
use crate::load::{is_whole_with, read_answer};

/// A server, and what it is asked.
pub(crate) struct Target {
    pub(super) port: u16,
    pub(super) tls: Arc<ClientConfig>,
    /// Of an answer that is one.
    pub(super) status: u16,
    /// The request of this number, as it is on the wire.
    pub(super) request: Box<dyn Fn(usize) -> Vec<u8> + Send + Sync>,
}

/// Whether a connection serves many requests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Connections {
    Kept,
    /// A full handshake for each.
    New,
}

impl Target {
    /// Whoever asks on such connections, as `rate` and `latencies` take it.
    pub(crate) fn requester<'a>(
        &'a self,
        connections: Connections,
    ) -> impl Fn(usize) -> Result<Asking<'a>> + Sync {
        move |_| {
            let mut device = Device::new(self, connections);
            Ok(Box::new(move || device.ask()))
        }
    }
}

/// Seconds of CPU that a process has used, in user mode and in the kernel (proc(5)).
pub(super) fn cpu_seconds(id: u32) -> Result<f64> {
    let stat =
        std::fs::read_to_string(format!("/proc/{id}/stat")).context("the server has ended")?;
    // The name before may have spaces.
    let (_, rest) = stat.rsplit_once(')').context("a line of proc(5)")?;
    let fields: Vec<_> = rest.split_whitespace().collect();
    let ticks = |index: usize| -> Result<f64> {
        let field = fields.get(index).context("a field of proc(5)")?;
        Ok(f64::from(field.parse::<u32>()?))
    };
    Ok((ticks(11)? + ticks(12)?) / rustix::param::clock_ticks_per_second() as f64)
}

struct Device<'a> {
    target: &'a Target,
    connections: Connections,
    open: Option<StreamOwned<ClientConnection, TcpStream>>,
    answer: Vec<u8>,
}

impl<'a> Device<'a> {
    fn new(target: &'a Target, connections: Connections) -> Self {
        Self {
            target,
            connections,
            open: None,
            answer: Vec::with_capacity(8192),
        }
    }

    fn ask(&mut self) -> Result<()> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let request = (self.target.request)(number);
        let mut stream = match self.open.take() {
            Some(stream) => stream,
            None => self.connect()?,
        };
        stream.write_all(&request)?;
        let mut buffer = [0; 8192];
        let is_whole = |answer: &[u8]| {
            let whole = is_whole_with(answer, self.target.status);
            whole.with_context(|| String::from_utf8_lossy(answer).into_owned())
        };
        read_answer(&mut stream, &mut buffer, &mut self.answer, is_whole)?;
        ensure!(
            self.answer.windows(BEGIN.len()).any(|it| it == BEGIN),
            "there is no certificate in the answer"
        );
        if self.connections == Connections::Kept {
            self.open = Some(stream);
        }
        Ok(())
    }

    fn connect(&self) -> Result<StreamOwned<ClientConnection, TcpStream>> {
        let stream = TcpStream::connect(("127.0.0.1", self.target.port)).context("connecting")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(SILENCE))?;
        let name = ServerName::try_from("localhost")?;
        let tls = ClientConnection::new(Arc::clone(&self.target.tls), name)?;
        Ok(StreamOwned::new(tls, stream))
    }
}

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// No two requests have the same number.
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// A server that says nothing for so long is broken.
const SILENCE: Duration = Duration::from_secs(30);
