//! The client of the server bench: mutual TLS by rustls, a thread for each connection in flight.
//!
//! It offers TLS 1.3 with one suite and one group, so that every server does the same cryptography; it never
//! resumes a session, checks the server's certificate, and takes no answer but a whole 200.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, HandshakeKind, RootCertStore, StreamOwned};

/// A client that knows its identity and the server.
pub(crate) struct Client {
    tls: Arc<ClientConfig>,
    server: SocketAddr,
}

/// What is asked over and over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// A new connection, a full handshake, one GET, the end of the connection.
    Handshakes,
    /// GETs on connections that stay.
    KeepAlive,
}

impl Pattern {
    /// How many connections there are at a time.
    pub(crate) fn in_flight(self) -> usize {
        match self {
            Self::Handshakes => 8,
            Self::KeepAlive => 16,
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
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            tls: tls.into(),
            server: ([127, 0, 0, 1], port).into(),
        })
    }

    /// Asks for `span`; what has begun by then is finished and counts.
    pub(crate) fn load(&self, pattern: Pattern, span: Duration) -> Result<Done> {
        let start = Instant::now();
        let end = start + span;
        let counts: Result<Vec<u64>> = thread::scope(|scope| {
            let one = || match pattern {
                Pattern::Handshakes => self.handshakes_until(end),
                Pattern::KeepAlive => self.requests_until(end),
            };
            let threads: Vec<_> = (0..pattern.in_flight()).map(|_| scope.spawn(one)).collect();
            let join = |thread: thread::ScopedJoinHandle<'_, Result<u64>>| match thread.join() {
                Ok(count) => count,
                Err(panic) => std::panic::resume_unwind(panic),
            };
            threads.into_iter().map(join).collect()
        });
        Ok(Done {
            operations: counts?.iter().sum(),
            seconds: start.elapsed().as_secs_f64(),
        })
    }

    fn handshakes_until(&self, end: Instant) -> Result<u64> {
        let mut count = 0;
        while Instant::now() < end {
            let mut stream = self.connect()?;
            stream.write_all(LAST_REQUEST)?;
            let mut answer = Vec::with_capacity(1024);
            match stream.read_to_end(&mut answer) {
                // Node and others end TCP without ending TLS; the answer says itself whether it is whole.
                Err(error) if error.kind() != ErrorKind::UnexpectedEof => return Err(error.into()),
                _ => {}
            }
            ensure!(
                stream.conn.handshake_kind() == Some(HandshakeKind::Full),
                "a session was resumed"
            );
            ensure!(is_whole(&answer)?, "the answer was cut off");
            count += 1;
        }
        Ok(count)
    }

    fn requests_until(&self, end: Instant) -> Result<u64> {
        let mut stream = self.connect()?;
        let mut answer = Vec::with_capacity(4096);
        let mut buffer = [0; 4096];
        let mut count = 0;
        while Instant::now() < end {
            stream.write_all(REQUEST)?;
            answer.clear();
            loop {
                let read = stream.read(&mut buffer)?;
                ensure!(read > 0, "the server ended a connection that was to stay");
                answer.extend_from_slice(&buffer[..read]);
                if is_whole(&answer)? {
                    break;
                }
            }
            count += 1;
        }
        Ok(count)
    }

    fn connect(&self) -> Result<StreamOwned<ClientConnection, TcpStream>> {
        let tcp = TcpStream::connect(self.server).context("connecting")?;
        // Without this, Nagle's algorithm and delayed acknowledgements make a pause of 40 ms.
        tcp.set_nodelay(true)?;
        tcp.set_read_timeout(Some(SILENCE))?;
        let name = ServerName::try_from("localhost").context("a literal name")?;
        let tls = ClientConnection::new(Arc::clone(&self.tls), name)?;
        Ok(StreamOwned::new(tls, tcp))
    }
}

/// Whether `answer` is all of an answer; one that is not a 200 is an error.
fn is_whole(answer: &[u8]) -> Result<bool> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut parsed = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = parsed.parse(answer)? else {
        return Ok(false);
    };
    ensure!(
        parsed.code == Some(200),
        "the server answered {}",
        parsed.code.unwrap_or_default()
    );
    let value = |name: &str| {
        let header = parsed
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(header.value).ok()
    };
    if value("transfer-encoding") == Some("chunked") {
        return Ok(answer.ends_with(b"\r\n0\r\n\r\n"));
    }
    let Some(length) = value("content-length").and_then(|value| value.parse::<usize>().ok()) else {
        bail!("the answer does not say how long it is");
    };
    Ok(answer.len() - head >= length)
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
const LAST_REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// A server that says nothing for so long is broken.
const SILENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::is_whole;

    #[test]
    fn an_answer_is_whole_at_its_last_byte() {
        for answer in [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n0\r\n\r\n",
        ] {
            assert!(is_whole(answer.as_bytes()).is_ok_and(|whole| whole));
            for end in 0..answer.len() {
                let part = is_whole(&answer.as_bytes()[..end]);
                assert!(part.is_ok_and(|whole| !whole), "{end} bytes of {answer:?}");
            }
        }
    }

    #[test]
    fn only_a_200_is_an_answer() {
        let refused = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
        assert!(is_whole(refused.as_bytes()).is_err());
    }
}
