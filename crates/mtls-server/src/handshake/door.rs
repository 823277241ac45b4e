//! The way in: from a fresh TCP connection to a client whose certificate is known.
//!
//! Nothing here knows an HTTP server. Adapters hand a stream to [`Door::handshake`], in a task of
//! its own, and get a TLS stream with an identity, or a refusal that has been delivered and
//! recorded.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant as Began},
};

use rustls::{
    HandshakeKind, ProtocolVersion,
    server::{Accepted, Acceptor},
};
use time::OffsetDateTime;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::oneshot,
    time::{Instant, timeout, timeout_at},
};
use tokio_rustls::{StartHandshake, server::TlsStream};
use x509_identity::Certificate;

use crate::{
    config::{active_host::Site, limits::Limits, mtls_config::MtlsConfig},
    connection::{identity::ConnectionIdentity, live::Live, stream::MtlsStream},
    handshake::refusal::{Refusal, RefusalReason},
    observe::{audit, metrics},
    peer::{client_cert::ClientCert, tls_info::TlsInfo},
    proxy_protocol,
    reload::{
        active::{Generation, Generations},
        handle::MtlsHandle,
    },
    verify::{
        client_auth::ClientAuth,
        context::{Findings, Handshake, Verdict},
        verdict_cache::Verified,
    },
};

/// Does the handshake, under limits and a deadline, and says who came; cheap to clone.
///
/// Clones share limits, settings and connections.
#[derive(Clone, Debug)]
pub struct Door(Arc<Generations>);

/// A finished handshake, or the refusal and the stream on which it was sent.
type Outcome<IO> = Result<(TlsStream<IO>, Admitted), (Box<Refusal>, Option<IO>)>;

/// Who came, and by which settings.
struct Admitted {
    client: Option<Arc<Verified>>,
    generation: Arc<Generation>,
}

impl Door {
    /// A door with these settings.
    pub fn new(config: MtlsConfig) -> Self {
        Self(Generations::new(config))
    }

    /// For whoever operates it.
    pub fn handle(&self) -> MtlsHandle {
        MtlsHandle(Arc::clone(&self.0))
    }

    /// Ends all connections, those with a running request when it is answered or after `grace`.
    pub(crate) fn stop(&self, grace: Duration) {
        self.0.stop(grace);
    }

    /// Lets the peer in, or turns it away: alert sent, connection closed so that the alert arrives,
    /// audit event written.
    ///
    /// `socket` is the address at the other end of `io`; behind a trusted proxy
    /// ([`ProxyProtocol`](crate::ProxyProtocol)) the client's own is read first.
    ///
    /// Takes as long as [`handshake_timeout`](crate::MtlsConfigBuilder::handshake_timeout) and the
    /// lingering close of [`Limits`] allow: run it in a task of its own.
    ///
    /// # Errors
    ///
    /// [`Refusal`] with the reason.
    pub async fn handshake<IO>(
        &self,
        mut io: IO,
        socket: SocketAddr,
    ) -> Result<MtlsStream<IO>, Box<Refusal>>
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let began = Began::now();
        let (peer, announced) = self.announced(&mut io, socket).await;
        if self.0.connections.is_full(peer.ip()) {
            return Err(turn_away(RefusalReason::TooManyConnections, peer, began));
        }
        let (_place, mut evicted) = self.0.half_open.enter(peer.ip());
        let unrecorded = Unrecorded(Some(peer));
        let outcome = match announced {
            Ok(()) => self.decide(io, &mut evicted).await,
            Err(reason) => Err((Box::new(Refusal::new(reason)), Some(io))),
        };
        unrecorded.recorded();
        match outcome {
            Ok((stream, admitted)) => self.let_in(stream, admitted, peer, began),
            Err((refusal, io)) => {
                record(&refusal, peer, began);
                if let Some(io) = io {
                    let generation = self.0.current();
                    tokio::select! {
                        () = linger(io, generation.config.limits()) => {}
                        _ = &mut evicted => {}
                    }
                }
                Err(refusal)
            }
        }
    }

    fn let_in<IO>(
        &self,
        stream: TlsStream<IO>,
        admitted: Admitted,
        peer: SocketAddr,
        began: Began,
    ) -> Result<MtlsStream<IO>, Box<Refusal>>
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let connections = &self.0.connections;
        let Some(seat) = connections.enter(peer.ip()) else {
            return Err(turn_away(RefusalReason::TooManyConnections, peer, began));
        };
        let Admitted { client, generation } = admitted;
        let client = client.map(|verified| verified.client.clone());
        let config = &generation.config;
        let tls = TlsInfo::of(stream.get_ref().1);
        metrics::accepted(&tls, client.is_none(), began.elapsed());
        let clock = connections.clock();
        let valid = client.as_ref().and_then(valid_for);
        let multiplexed = tls.alpn() == Some("h2");
        let live = Live::new(Arc::clone(clock), config.limits(), valid, multiplexed);
        let hosts = Arc::clone(config.hosts());
        let trust = config.trust_forwarded().cloned();
        let identity = ConnectionIdentity::new(client, tls, peer, hosts, trust, live);
        audit::accepted(identity.audited());
        let stream = MtlsStream::new(stream, identity.clone(), seat, connections);
        self.0.recheck(&generation, &identity);
        Ok(stream)
    }

    /// Who is behind a trusted proxy; the socket's address where there is none.
    async fn announced<IO>(
        &self,
        io: &mut IO,
        socket: SocketAddr,
    ) -> (SocketAddr, Result<(), RefusalReason>)
    where
        IO: AsyncRead + Unpin,
    {
        let generation = self.0.current();
        let config = &generation.config;
        if !config.proxy_protocol().trusts(socket.ip()) {
            return (socket, Ok(()));
        }
        let (_place, evicted) = self.0.half_open.enter(None);
        let unrecorded = Unrecorded(Some(socket));
        let limit = config.limits().first_byte.min(config.handshake_timeout());
        let source = tokio::select! {
            read = proxy_protocol::read(io, limit) => read.map_err(RefusalReason::ProxyProtocol),
            _ = evicted => Err(RefusalReason::Evicted),
        };
        unrecorded.recorded();
        match source {
            Ok(source) => (source.unwrap_or(socket), Ok(())),
            Err(reason) => (socket, Err(reason)),
        }
    }

    async fn decide<IO>(&self, io: IO, evicted: &mut oneshot::Receiver<()>) -> Outcome<IO>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let limit = self.0.current().config.handshake_timeout();
        let in_time = timeout(limit, self.negotiate(io));
        let turned_away = |reason| Err((Box::new(Refusal::new(reason)), None));
        tokio::select! {
            outcome = in_time => outcome
                .unwrap_or_else(|_| turned_away(RefusalReason::HandshakeTimeout(limit))),
            _ = evicted => turned_away(RefusalReason::Evicted),
        }
    }

    async fn negotiate<IO>(&self, mut io: IO) -> Outcome<IO>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let first_byte = self.0.current().config.limits().first_byte;
        let (accepted, rest) = match client_hello(&mut io, first_byte).await {
            Ok(hello) => hello,
            Err(reason) => return Err((Box::new(Refusal::new(reason)), Some(io))),
        };
        let server_name = accepted.client_hello().server_name().map(str::to_owned);
        let generation = self.0.current();
        let site = generation.config.site(server_name.as_deref());
        let mut version = None;
        // rustls handles the ClientHello, with a session in it, before anything is awaited.
        let handshake = async {
            let handshake = StartHandshake::from_parts(accepted, io).into_stream_with(
                Arc::clone(&site.rustls),
                |connection| {
                    version = connection.protocol_version();
                    // Reading from memory cannot fail, and rustls takes what it has room for.
                    let mut rest = rest.as_slice();
                    while !rest.is_empty() && connection.read_tls(&mut rest).is_ok_and(|n| n > 0) {}
                },
            );
            handshake.into_fallible().await
        };
        let (outcome, findings) = Handshake::watch(handshake).await;
        match outcome {
            Ok(stream) => {
                let client = match identify(site, &stream, findings) {
                    Ok(client) => ask_about(site, client.as_deref()).await.map(|()| client),
                    Err(reason) => Err((reason, None)),
                };
                match client {
                    Ok(client) => Ok((stream, Admitted { client, generation })),
                    Err((reason, claimed)) => {
                        let refusal = Refusal {
                            reason,
                            claimed,
                            server_name,
                            version: version.map(version_name),
                        };
                        Err((Box::new(refusal), Some(stream.into_inner().0)))
                    }
                }
            }
            Err((error, io)) => {
                let reason = RefusalReason::of_io(error);
                let (reason, claimed) = match (reason, findings.verdict) {
                    (_, Some(Verdict::Refused { error, claimed })) => {
                        (RefusalReason::Certificate(error), claimed)
                    }
                    (RefusalReason::Tls(error), Some(Verdict::Verified(verified))) => (
                        RefusalReason::Possession(error),
                        Some(Arc::clone(verified.path.leaf())),
                    ),
                    (reason, Some(Verdict::Verified(verified))) => {
                        (reason, Some(Arc::clone(verified.path.leaf())))
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
}

/// Ties what was found out to the finished handshake.
fn identify<IO>(
    site: &Site,
    stream: &TlsStream<IO>,
    findings: Findings,
) -> Result<Option<Arc<Verified>>, RefusalReason> {
    let connection = stream.get_ref().1;
    let shown = connection.peer_certificates().and_then(<[_]>::first);
    let resumed = connection.handshake_kind() == Some(HandshakeKind::Resumed);
    let verified = match findings {
        Findings {
            session: Some(session),
            ..
        } if resumed => session.client,
        // From a store that is not ours.
        _ if resumed => return Err(RefusalReason::Session),
        Findings {
            verdict: Some(Verdict::Verified(verified)),
            ..
        } => Some(verified),
        _ => None,
    };
    match (verified, shown) {
        (Some(verified), Some(shown)) if verified.path.leaf().der() == shown.as_ref() => {
            Ok(Some(verified))
        }
        // Nobody was judged. A session that was offered and not taken may have been somebody's.
        (_, None) if site.client_auth == ClientAuth::Optional => Ok(None),
        (_, None) => Err(RefusalReason::NoCertificate),
        (_, Some(_)) => Err(RefusalReason::Session),
    }
}

/// Asks an OCSP responder about a client, where that is set up.
async fn ask_about(
    site: &Site,
    client: Option<&Verified>,
) -> Result<(), (RefusalReason, Option<Arc<Certificate>>)> {
    let (Some(check), Some(verified)) = (&site.ocsp, client) else {
        return Ok(());
    };
    let answer = check.check(&verified.path, OffsetDateTime::now_utc()).await;
    let refused = |refusal| {
        let claimed = Arc::clone(verified.path.leaf());
        (RefusalReason::Ocsp(refusal), Some(claimed))
    };
    answer.map(drop).map_err(refused)
}

/// How long a client's chain is still valid.
fn valid_for(client: &ClientCert) -> Option<Duration> {
    let not_after = client.chain().iter().map(|it| it.not_after()).min()?;
    // The last second counts.
    let left = not_after + time::Duration::SECOND - OffsetDateTime::now_utc();
    Some(Duration::try_from(left).unwrap_or(Duration::ZERO))
}

/// Refuses without a word, as words would cost what is scarce.
fn turn_away(reason: RefusalReason, peer: SocketAddr, began: Began) -> Box<Refusal> {
    let refusal = Box::new(Refusal::new(reason));
    record(&refusal, peer, began);
    refusal
}

fn record(refusal: &Refusal, peer: SocketAddr, began: Began) {
    audit::refused(&refusal.audited(peer));
    let reason = refusal.reason();
    let alert = reason.alert().and_then(|alert| alert.as_str());
    metrics::refused(reason.code(), alert, refusal.version, began.elapsed());
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
            audit::refused(&Refusal::new(RefusalReason::Interrupted).audited(peer));
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
