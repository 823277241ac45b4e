//! The client of the server benches: mutual TLS by rustls, as many connections as there are in flight.
//!
//! It offers TLS 1.3 with one suite and one group, so that every server does the same cryptography, checks the server's
//! certificate, and takes no answer but a whole 200. It resumes sessions only where that is what is measured.

mod hold;
mod http1;
mod http2;
mod resume;
mod until;

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};

pub(crate) use self::hold::Crowd;
pub(crate) use self::http1::{is_whole, is_whole_with, read_answer};
pub(crate) use self::until::Until;

/// A client that knows its identity and the server.
pub(crate) struct Client {
    tls: Arc<ClientConfig>,
    over_http2: Arc<ClientConfig>,
    /// One for each connection in flight: a ticket is used once, and nobody takes that of another.
    resuming: Vec<Arc<ClientConfig>>,
    server: SocketAddr,
}

/// What is asked over and over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// A new connection, a full handshake, one GET, the end of the connection.
    Handshakes,
    /// The same with a session that is resumed.
    Resumed,
    /// GETs on connections that stay, HTTP/1.1.
    KeepAlive,
    /// The same over HTTP/2, [`STREAMS`] at a time on each connection.
    Http2,
}

impl Pattern {
    /// How many requests there are at a time.
    pub(crate) fn in_flight(self) -> usize {
        match self {
            Self::Handshakes | Self::Resumed => 8,
            Self::KeepAlive | Self::Http2 => 16,
        }
    }
}

/// What was done, and how long it took.
pub(crate) struct Done {
    pub(crate) operations: u64,
    pub(crate) seconds: f64,
}

impl Client {
    /// The client `client.crt` of the set in `directory`, for the server on `port` of this machine.
    pub(crate) fn of(directory: &Path, port: u16) -> Result<Self> {
        let config = |protocol: &str| tls(directory, protocol);
        let resuming = (0..Pattern::Resumed.in_flight()).map(|_| {
            let mut config = config("http/1.1")?;
            config.resumption = Resumption::in_memory_sessions(8);
            Ok(config.into())
        });
        Ok(Self {
            tls: config("http/1.1")?.into(),
            over_http2: config("h2")?.into(),
            resuming: resuming.collect::<Result<_>>()?,
            server: local(port),
        })
    }

    /// Asks for `span`; what has begun by then is finished and counts.
    pub(crate) fn load(&self, pattern: Pattern, span: Duration) -> Result<Done> {
        let start = Instant::now();
        Ok(Done {
            operations: self.ask(pattern, Until::Time(start + span))?,
            seconds: start.elapsed().as_secs_f64(),
        })
    }

    /// Asks on each of what is in flight until `end`, and says how often in all.
    pub(crate) fn ask(&self, pattern: Pattern, end: Until) -> Result<u64> {
        match pattern {
            Pattern::Handshakes => in_threads(pattern, |_| self.handshakes_until(end)),
            Pattern::Resumed => in_threads(pattern, |slot| self.resumed_until(slot, end)),
            Pattern::KeepAlive => in_threads(pattern, |_| self.requests_until(end)),
            Pattern::Http2 => self.streams_until(end),
        }
    }
}

/// A thread for each connection in flight, and the sum of what they did.
fn in_threads(pattern: Pattern, work: impl Fn(usize) -> Result<u64> + Sync) -> Result<u64> {
    let work = &work;
    let counts: Result<Vec<u64>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..pattern.in_flight())
            .map(|slot| scope.spawn(move || work(slot)))
            .collect();
        let join = |thread: thread::ScopedJoinHandle<'_, Result<u64>>| match thread.join() {
            Ok(count) => count,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        threads.into_iter().map(join).collect()
    });
    Ok(counts?.iter().sum())
}

/// TLS as the client of the set in `directory`, without resumption.
fn tls(directory: &Path, protocol: &str) -> Result<ClientConfig> {
    let provider = CryptoProvider {
        cipher_suites: vec![aws_lc_rs::cipher_suite::TLS13_AES_256_GCM_SHA384],
        kx_groups: vec![aws_lc_rs::kx_group::X25519],
        ..aws_lc_rs::default_provider()
    };
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(directory.join("ca.crt"))?)?;
    let certificate = CertificateDer::from_pem_file(directory.join("client.crt"))?;
    let key = fs::read(directory.join("client.key"))?;
    let mut tls = ClientConfig::builder_with_provider(provider.into())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![certificate], PrivateKeyDer::from_pem_slice(&key)?)?;
    tls.resumption = Resumption::disabled();
    tls.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    Ok(tls)
}

fn server_name() -> Result<ServerName<'static>> {
    ServerName::try_from("localhost").context("a literal name")
}

fn local(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}

/// How many streams a connection of HTTP/2 has at a time.
const STREAMS: usize = 4;

/// A server that says nothing for so long is broken.
const SILENCE: Duration = Duration::from_secs(10);
