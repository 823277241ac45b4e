//! Accepting connections: from a fresh TCP connection to a client whose certificate is verified.
//!
//! Nothing here knows an HTTP server. Adapters give each stream to [`ConnectionAcceptor::accept`], in
//! a task of its own. They get an accepted connection, or a refusal that was delivered and recorded.

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

#[cfg(feature = "proxy-protocol")]
use crate::proxy_protocol;
use crate::{
    config::mtls_config::MtlsConfig,
    connection::{
        identity::ConnectionIdentity,
        state::{ConnectionState, Valid},
        stream::MtlsStream,
    },
    handshake::{
        accepted::AcceptedConnection,
        linger::linger,
        negotiation::{Admitted, Outcome, negotiate},
        record::{Unrecorded, record},
        refusal::{Refusal, RefusalReason},
    },
    observe::{audit, metrics},
    peer::{client_cert::ClientCert, tls_info::TlsInfo},
    reload::{active::ActiveConfig, handle::MtlsHandle},
};

/// Accepts connections over mutual TLS, for any protocol; cheap to clone.
///
/// [`serve`](crate::serve()), [`MtlsAcceptor`](crate::MtlsAcceptor) and
/// [`MtlsListener`](crate::MtlsListener) do this for axum. This is for other HTTP servers, such as
/// plain hyper, and for protocols other than HTTP.
///
/// ```no_run
/// # async fn run(config: mtls_server::MtlsConfig) -> std::io::Result<()> {
/// use mtls_server::ConnectionAcceptor;
/// use tokio::io::AsyncWriteExt;
///
/// let acceptor = ConnectionAcceptor::new(config);
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8443").await?;
/// loop {
///     let (tcp, peer) = listener.accept().await?;
///     let acceptor = acceptor.clone();
///     // A task for each connection, so that a slow handshake delays nobody else.
///     tokio::spawn(async move {
///         // A refused client has been told, and an audit event says why.
///         let mut stream = acceptor.accept(tcp, peer).await?.into_stream()?;
///         let subject = stream.identity().client().map(|client| client.subject().to_string());
///         let greeting = format!("hello, {}\n", subject.as_deref().unwrap_or("stranger"));
///         stream.write_all(greeting.as_bytes()).await?;
///         stream.shutdown().await?;
///         Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
///     });
/// }
/// # }
/// ```
///
/// Clones share limits, settings and connections.
#[derive(Clone, Debug)]
pub struct ConnectionAcceptor(Arc<ActiveConfig>);

impl ConnectionAcceptor {
    /// Accepts by these settings.
    pub fn new(config: MtlsConfig) -> Self {
        Self(ActiveConfig::new(config))
    }

    /// For whoever operates the server.
    pub fn handle(&self) -> MtlsHandle {
        MtlsHandle(Arc::clone(&self.0))
    }

    /// Ends all connections. Idle ones end at once, those with a running request when it is
    /// answered, and all others after `grace`. The caller stops listening first.
    ///
    /// This does not wait. All has ended when no connection is left:
    ///
    /// ```no_run
    /// # async fn run(acceptor: mtls_server::ConnectionAcceptor) {
    /// use std::time::Duration;
    ///
    /// acceptor.shut_down(Duration::from_secs(10));
    /// while acceptor.handle().connection_count() > 0 {
    ///     tokio::time::sleep(Duration::from_millis(50)).await;
    /// }
    /// # }
    /// ```
    ///
    /// A connection counts until its stream is dropped.
    pub fn shut_down(&self, grace: Duration) {
        self.0.stop(grace);
    }

    /// Does the TLS handshake and verifies the client. A refused client gets the alert that fits,
    /// and its connection is closed in such a way that the alert arrives. Whether the client is
    /// accepted or refused, there is an audit event.
    ///
    /// `socket` is the address at the other end of `io`. Behind a trusted proxy
    /// ([`ProxyProtocol`](crate::proxy::ProxyProtocol)) the client's own address is read first.
    ///
    /// This may take as long as [`handshake_timeout`](crate::MtlsConfigBuilder::handshake_timeout) and
    /// the lingering close of [`Limits`](crate::Limits) allow, so run it in a task of its own.
    ///
    /// # Errors
    ///
    /// [`Refusal`] with the reason.
    pub async fn accept<IO>(
        &self,
        io: IO,
        socket: SocketAddr,
    ) -> Result<AcceptedConnection<IO>, Box<Refusal>>
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let began = Instant::now();
        #[cfg(feature = "proxy-protocol")]
        let mut io = io;
        #[cfg(feature = "proxy-protocol")]
        let (peer, announced) = self.announced(&mut io, socket).await;
        #[cfg(not(feature = "proxy-protocol"))]
        let (peer, announced) = (socket, Ok(()));
        if self.0.connections.is_full(peer.ip()) {
            return Err(refuse(RefusalReason::TooManyConnections, peer, began));
        }
        let (_permit, mut evicted) = self.0.half_open.acquire(peer.ip());
        let unrecorded = Unrecorded(Some(peer));
        let outcome = match announced {
            Ok(()) => self.negotiate(io, &mut evicted).await,
            Err(reason) => Err((Box::new(Refusal::new(reason)), Some(io))),
        };
        unrecorded.recorded();
        match outcome {
            Ok((stream, admitted)) => self.admit(stream, admitted, peer, began),
            Err((refusal, io)) => {
                record(&refusal, peer, began);
                if let Some(io) = io {
                    let generation = self.0.active();
                    tokio::select! {
                        () = linger(io, generation.config.limits()) => {}
                        _ = &mut evicted => {}
                    }
                }
                Err(refusal)
            }
        }
    }

    pub(super) fn admit<IO>(
        &self,
        stream: TlsStream<IO>,
        admitted: Admitted,
        peer: SocketAddr,
        began: Instant,
    ) -> Result<AcceptedConnection<IO>, Box<Refusal>>
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let connections = &self.0.connections;
        let Some(permit) = connections.acquire(peer.ip()) else {
            return Err(refuse(RefusalReason::TooManyConnections, peer, began));
        };
        let Admitted { client, generation } = admitted;
        let client = client.map(|verified| verified.client.clone());
        let config = &generation.config;
        let tls = TlsInfo::of(stream.get_ref().1);
        metrics::accepted(&tls, client.is_none(), began.elapsed());
        if client.as_ref().is_some_and(is_without_client_auth) {
            metrics::accepted_without_client_auth(tls.resumed());
        }
        let clock = connections.clock();
        let valid = client.as_ref().and_then(valid_for);
        let state = ConnectionState::new(Arc::clone(clock), config.limits(), valid);
        let policies = Arc::clone(config.policies());
        let trust = config.trust_forwarded().cloned();
        let identity = ConnectionIdentity::new(client, tls, peer, policies, trust, state);
        audit::accepted(identity.audited());
        let stream = MtlsStream::new(stream, identity.clone(), permit, connections);
        self.0.recheck(&generation, &identity);
        Ok(AcceptedConnection::new(stream))
    }

    /// The address of the client: what a trusted proxy announces, or else that of the socket.
    #[cfg(feature = "proxy-protocol")]
    async fn announced<IO>(
        &self,
        io: &mut IO,
        socket: SocketAddr,
    ) -> (SocketAddr, Result<(), RefusalReason>)
    where
        IO: AsyncRead + Unpin,
    {
        let generation = self.0.active();
        let config = &generation.config;
        if !config.proxy_protocol().trusts(socket.ip()) {
            return (socket, Ok(()));
        }
        let (_permit, evicted) = self.0.half_open.acquire(None);
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

    async fn negotiate<IO>(&self, io: IO, evicted: &mut oneshot::Receiver<()>) -> Outcome<IO>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let limit = self.0.active().config.handshake_timeout();
        let in_time = timeout(limit, negotiate(&self.0, io));
        let refused = |reason| Err((Box::new(Refusal::new(reason)), None));
        tokio::select! {
            outcome = in_time => outcome
                .unwrap_or_else(|_| refused(RefusalReason::HandshakeTimeout(limit))),
            _ = evicted => refused(RefusalReason::Evicted),
        }
    }
}

fn is_without_client_auth(client: &ClientCert) -> bool {
    client.without_client_auth_until().is_some()
}

/// How long the verified chain of a client is still good.
fn valid_for(client: &ClientCert) -> Option<Valid> {
    let now = OffsetDateTime::now_utc();
    let until = |end: OffsetDateTime, reason| Valid {
        left: Duration::try_from(end - now).unwrap_or(Duration::ZERO),
        reason,
    };
    let not_after = client.chain().iter().map(|it| it.not_after()).min()?;
    // notAfter is the last second in which it is valid.
    let expired = until(not_after + time::Duration::SECOND, "expired");
    let date = client.without_client_auth_until();
    let date = date.map(|date| until(date, "wrong-extended-key-usage"));
    Some(date.map_or(expired, |date| date.min(expired)))
}

/// Refuses without an alert, which would cost what is scarce.
fn refuse(reason: RefusalReason, peer: SocketAddr, began: Instant) -> Box<Refusal> {
    let refusal = Box::new(Refusal::new(reason));
    record(&refusal, peer, began);
    refusal
}
