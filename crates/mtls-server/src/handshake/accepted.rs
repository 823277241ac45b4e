//! A connection that was accepted, before anybody has read a byte of it.

use std::fmt;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    authorize::decide::{Denial, decide},
    connection::{end::End, identity::ConnectionIdentity, stream::MtlsStream},
    handshake::refusal::{Refusal, RefusalReason},
};

/// An accepted connection. It cannot be read before it is decided what it speaks.
///
/// * [`into_http`](Self::into_http) is for HTTP: the stream comes with the service that every
///   request has to go through.
/// * [`into_stream`](Self::into_stream) is for everything else: the rule of the virtual host is
///   applied before the stream is handed out.
///
/// When it is dropped, the connection is closed.
#[must_use = "a connection that is dropped is closed"]
pub struct AcceptedConnection<IO>(MtlsStream<IO>);

impl<IO> AcceptedConnection<IO> {
    pub(super) fn new(sealed: MtlsStream<IO>) -> Self {
        Self(sealed)
    }

    /// Who is at the other end.
    pub fn identity(&self) -> &ConnectionIdentity {
        self.0.identity()
    }

    /// The stream, still sealed.
    pub(crate) fn into_sealed(self) -> MtlsStream<IO> {
        self.0
    }
}

impl<IO> AcceptedConnection<IO>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send,
{
    /// The stream, for any protocol but HTTP.
    ///
    /// The [rule](crate::VirtualHost::rule) of the virtual host decides once, here, and an audit event
    /// records the decision. As soon as the client is no longer good, the connection is closed: there
    /// is no response to wait for. The [`Limits`](crate::Limits) on headers do not apply. `idle`
    /// counts from the last byte in either direction, and `body` limits how long a write may wait for
    /// the peer.
    ///
    /// The client that is denied, or no longer good, gets no alert: its next read finds the end of the
    /// stream (close_notify). If its certificate is no longer good, its next handshake says so.
    ///
    /// Do not speak HTTP on it: nothing would remove headers that claim a client certificate.
    ///
    /// # Errors
    ///
    /// [`RefusalReason::Denied`] if the rule denies the client, [`RefusalReason::NoCertificate`] if
    /// there is a rule, and the client has no certificate. The connection is closed.
    pub fn into_stream(self) -> Result<MtlsStream<IO>, Box<Refusal>> {
        let Self(stream) = self;
        let identity = stream.identity();
        if let Some(rule) = &identity.policy().rule {
            let decision = decide(rule, None, identity.client(), identity.peer());
            if let Err(denial) = decision {
                let reason = match denial {
                    Denial::Certificate => RefusalReason::Denied,
                    Denial::NoCertificate => RefusalReason::NoCertificate,
                };
                let refusal = Box::new(Refusal::of(reason, identity));
                stream.close();
                return Err(refusal);
            }
        }
        identity.state().speaks_without_http();
        match identity.state().ending().is_some_and(End::terminates) {
            // Revoked during the handshake: the stream is at its end.
            true => stream.close(),
            false => stream.open(),
        }
        Ok(stream)
    }
}

impl<IO> fmt::Debug for AcceptedConnection<IO> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcceptedConnection")
            .field("peer", &self.identity().peer())
            .finish_non_exhaustive()
    }
}
