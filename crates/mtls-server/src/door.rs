//! The way in: from a fresh TCP connection to a client whose certificate is known.
//!
//! Nothing here knows an HTTP server. Adapters hand a stream to [`Door::handshake`], in a task of
//! its own, and get a TLS stream with an identity, or a refusal that has been delivered and
//! recorded.

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use rustls::{
    ProtocolVersion,
    server::{Accepted, Acceptor},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::oneshot,
    time::{Instant, timeout, timeout_at},
};
use tokio_rustls::{StartHandshake, server::TlsStream};

use crate::{
    audit,
    client_cert::ClientCert,
    config::{Limits, MtlsConfig},
    connection::ConnectionIdentity,
    limits::HalfOpen,
    refusal::{Refusal, RefusalReason},
    tls_info::TlsInfo,
    verifier::{VERDICT, Verdict},
};

/// Does the handshake, under limits and a deadline, and says who came; cheap to clone.
///
/// Clones share the limits on unfinished handshakes.
#[derive(Clone, Debug)]
pub struct Door {
    config: MtlsConfig,
    half_open: Arc<HalfOpen>,
}

/// A finished handshake, or the refusal and the stream on which it was sent.
type Outcome<IO> = Result<(TlsStream<IO>, ConnectionIdentity), (Box<Refusal>, Option<IO>)>;

impl Door {
    /// A door with these settings.
    pub fn new(config: MtlsConfig) -> Self {
        let limits = config.limits();
        let half_open = HalfOpen::new(limits.half_open, limits.half_open_per_address);
        Self { config, half_open }
    }

    pub(crate) fn config(&self) -> &MtlsConfig {
        &self.config
    }

    /// Lets the peer in, or turns it away: alert sent, connection closed so that the alert arrives,
    /// audit event written.
    ///
    /// Takes as long as [`handshake_timeout`](crate::MtlsConfigBuilder::handshake_timeout) and the
    /// lingering close of [`Limits`] allow: run it in a task of its own.
    ///
    /// # Errors
    ///
    /// [`Refusal`] with the reason.
    pub async fn handshake<IO>(
        &self,
        io: IO,
        peer: SocketAddr,
    ) -> Result<(TlsStream<IO>, ConnectionIdentity), Box<Refusal>>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let (_place, mut evicted) = self.half_open.enter(peer.ip());
        let unrecorded = Unrecorded(Some(peer));
        let outcome = self.decide(io, peer, &mut evicted).await;
        unrecorded.recorded();
        match outcome {
            Ok((stream, identity)) => {
                audit::let_in(&identity);
                Ok((stream, identity))
            }
            Err((refusal, io)) => {
                audit::turned_away(&refusal, peer);
                if let Some(io) = io {
                    tokio::select! {
                        () = linger(io, self.config.limits()) => {}
                        _ = &mut evicted => {}
                    }
                }
                Err(refusal)
            }
        }
    }

    async fn decide<IO>(
        &self,
        io: IO,
        peer: SocketAddr,
        evicted: &mut oneshot::Receiver<()>,
    ) -> Outcome<IO>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let limit = self.config.handshake_timeout();
        let in_time = timeout(limit, self.negotiate(io, peer));
        let turned_away = |reason| Err((Box::new(Refusal::new(reason)), None));
        tokio::select! {
            outcome = in_time => outcome
                .unwrap_or_else(|_| turned_away(RefusalReason::HandshakeTimeout(limit))),
            _ = evicted => turned_away(RefusalReason::Evicted),
        }
    }

    async fn negotiate<IO>(&self, mut io: IO, peer: SocketAddr) -> Outcome<IO>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let first_byte = self.config.limits().first_byte;
        let (accepted, rest) = match client_hello(&mut io, first_byte).await {
            Ok(hello) => hello,
            Err(reason) => return Err((Box::new(Refusal::new(reason)), Some(io))),
        };
        let server_name = accepted.client_hello().server_name().map(str::to_owned);
        let mut version = None;
        let handshake = StartHandshake::from_parts(accepted, io).into_stream_with(
            self.config.rustls(),
            |connection| {
                version = connection.protocol_version();
                // Reading from memory cannot fail, and rustls takes what it has room for.
                let mut rest = rest.as_slice();
                while !rest.is_empty() && connection.read_tls(&mut rest).is_ok_and(|n| n > 0) {}
            },
        );
        let cell = Arc::new(OnceLock::new());
        let outcome = VERDICT
            .scope(Arc::clone(&cell), handshake.into_fallible())
            .await;
        let verdict = Arc::into_inner(cell).and_then(OnceLock::into_inner);
        match outcome {
            Ok(stream) => self.identify(stream, verdict, peer),
            Err((error, io)) => {
                let reason = RefusalReason::of_io(error);
                let (reason, claimed) = match (reason, verdict) {
                    (_, Some(Verdict::Refused { error, claimed })) => {
                        (RefusalReason::Certificate(error), claimed)
                    }
                    (RefusalReason::Tls(error), Some(Verdict::Verified(path))) => (
                        RefusalReason::Possession(error),
                        Some(Arc::clone(path.leaf())),
                    ),
                    (reason, Some(Verdict::Verified(path))) => {
                        (reason, Some(Arc::clone(path.leaf())))
                    }
                    (reason, None) => (reason, None),
                };
                let refusal = Refusal {
                    reason,
                    claimed,
                    server_name,
                    version: version.map(version_name),
                };
                Err((Box::new(refusal), Some(io)))
            }
        }
    }

    /// Ties the verdict to the finished handshake.
    fn identify<IO>(
        &self,
        stream: TlsStream<IO>,
        verdict: Option<Verdict>,
        peer: SocketAddr,
    ) -> Outcome<IO> {
        let connection = stream.get_ref().1;
        let shown = connection.peer_certificates().and_then(<[_]>::first);
        let client = match (verdict, shown) {
            (Some(Verdict::Verified(path)), Some(shown)) if path.leaf().der() == shown.as_ref() => {
                Some(ClientCert::verified(&path))
            }
            (None, None) if !self.config.certificate_required() => None,
            // Cannot happen while resumption is off. A resumed session has a certificate without
            // a verdict, and from a shared ticket it may have neither: nobody has judged it.
            _ => {
                let refusal = Refusal::new(RefusalReason::NoCertificate);
                return Err((Box::new(refusal), Some(stream.into_inner().0)));
            }
        };
        let identity = ConnectionIdentity::new(client, TlsInfo::of(connection), peer);
        Ok((stream, identity))
    }
}

/// Writes the audit event of a handshake that is dropped, as a server that shuts down does.
struct Unrecorded(Option<SocketAddr>);

impl Unrecorded {
    fn recorded(mut self) {
        self.0 = None;
    }
}

impl Drop for Unrecorded {
    fn drop(&mut self) {
        if let Some(peer) = self.0 {
            audit::turned_away(&Refusal::new(RefusalReason::Interrupted), peer);
        }
    }
}

/// Reads up to the end of the ClientHello; what came behind it is the second value.
async fn client_hello<IO>(
    io: &mut IO,
    first_byte: Duration,
) -> Result<(Accepted, Vec<u8>), RefusalReason>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let mut acceptor = Acceptor::default();
    let mut buffer = vec![0; 4096];
    let deadline = Instant::now() + first_byte;
    let mut read = timeout_at(deadline, io.read(&mut buffer))
        .await
        .map_err(|_| RefusalReason::FirstByteTimeout(first_byte))?;
    let mut beginning = true;
    loop {
        let count = read.map_err(RefusalReason::of_io)?;
        let mut unread = buffer.get(..count).unwrap_or_default();
        if unread.is_empty() {
            return Err(RefusalReason::Disconnected);
        }
        let http = beginning && looks_like_http(unread);
        beginning = false;
        while !unread.is_empty() {
            acceptor
                .read_tls(&mut unread)
                .map_err(RefusalReason::of_io)?;
            match acceptor.accept() {
                Ok(Some(accepted)) => return Ok((accepted, unread.to_vec())),
                Ok(None) => {}
                Err((error, mut alert)) => {
                    let mut answer = Vec::new();
                    let reason = if http {
                        answer.extend_from_slice(HTTP_ANSWER);
                        RefusalReason::NotTls { http }
                    } else {
                        // Writing to a Vec cannot fail.
                        let _ = alert.write_all(&mut answer);
                        RefusalReason::of_tls(error)
                    };
                    // The peer may be gone already; the reason stands either way.
                    let _ = io.write_all(&answer).await;
                    return Err(reason);
                }
            }
        }
        read = io.read(&mut buffer).await;
    }
}

/// For those who typed http:// where https:// belongs.
const HTTP_ANSWER: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\
    Content-Length: 67\r\n\
    Connection: close\r\n\
    \r\n\
    This port speaks HTTPS only: use https:// and a client certificate\n";

/// Whether a line such as `GET / HTTP/1.1` begins here.
fn looks_like_http(bytes: &[u8]) -> bool {
    let method = bytes.split(|byte| *byte == b' ').next().unwrap_or_default();
    (3..=7).contains(&method.len())
        && method.len() < bytes.len()
        && method.iter().all(u8::is_ascii_uppercase)
}

/// Closes a refused connection so that the peer can read why.
///
/// Closing a socket with unread bytes in it sends a reset, which throws away the alert that is
/// still on its way: a client that was writing would see no reason. So: no more from us, and take
/// what the peer still sends until it closes, within limits.
async fn linger<IO>(mut io: IO, limits: &Limits)
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let drain = async {
        if io.shutdown().await.is_err() {
            return;
        }
        let mut buffer = vec![0; 16 << 10];
        let mut left = limits.linger_bytes;
        while left > 0 {
            match io.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(count) => left = left.saturating_sub(count),
            }
        }
    };
    // Being over the limit is no error: the peer has had its chance.
    let _ = timeout(limits.linger, drain).await;
}

pub(crate) fn version_name(version: ProtocolVersion) -> &'static str {
    match version {
        ProtocolVersion::TLSv1_2 => "TLSv1.2",
        ProtocolVersion::TLSv1_3 => "TLSv1.3",
        _ => "unknown",
    }
}
