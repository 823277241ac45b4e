//! The way in: from a fresh TCP connection to a client whose certificate is known.
//!
//! Nothing here knows an HTTP server. Adapters hand a stream to [`Door::handshake`], in a task of
//! its own, and get a TLS stream with an identity, or a refusal that has been delivered and
//! recorded.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use time::OffsetDateTime;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::oneshot,
    time::timeout,
};
use tokio_rustls::server::TlsStream;

use crate::{
    config::mtls_config::MtlsConfig,
    connection::{identity::ConnectionIdentity, live::Live, stream::MtlsStream},
    handshake::{
        linger::linger,
        negotiation::{Admitted, Outcome, negotiate},
        record::{Unrecorded, record},
        refusal::{Refusal, RefusalReason},
    },
    observe::{audit, metrics},
    peer::{client_cert::ClientCert, tls_info::TlsInfo},
    proxy_protocol,
    reload::{active::Generations, handle::MtlsHandle},
};

/// Does the handshake, under limits and a deadline, and says who came; cheap to clone.
///
/// Clones share limits, settings and connections.
#[derive(Clone, Debug)]
pub struct Door(Arc<Generations>);

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
        let began = Instant::now();
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
        began: Instant,
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
        let in_time = timeout(limit, negotiate(&self.0, io));
        let turned_away = |reason| Err((Box::new(Refusal::new(reason)), None));
        tokio::select! {
            outcome = in_time => outcome
                .unwrap_or_else(|_| turned_away(RefusalReason::HandshakeTimeout(limit))),
            _ = evicted => turned_away(RefusalReason::Evicted),
        }
    }
}

/// How long a client's chain is still valid.
fn valid_for(client: &ClientCert) -> Option<Duration> {
    let not_after = client.chain().iter().map(|it| it.not_after()).min()?;
    // The last second counts.
    let left = not_after + time::Duration::SECOND - OffsetDateTime::now_utc();
    Some(Duration::try_from(left).unwrap_or(Duration::ZERO))
}

/// Refuses without a word, as words would cost what is scarce.
fn turn_away(reason: RefusalReason, peer: SocketAddr, began: Instant) -> Box<Refusal> {
    let refusal = Box::new(Refusal::new(reason));
    record(&refusal, peer, began);
    refusal
}
