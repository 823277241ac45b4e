//! Why a connection was refused.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use pki_core::verify::VerifyError;
use rustls::{AlertDescription, InvalidMessage};
use x509_identity::Certificate;

#[cfg(feature = "proxy-protocol")]
use crate::proxy_protocol::error::ProxyProtocolError;
#[cfg(feature = "ocsp")]
use crate::sources::ocsp::check::OcspRefusal;
use crate::{connection::identity::ConnectionIdentity, observe::audit::Refused};

/// A connection that was refused, and what is known about it.
#[derive(Debug, thiserror::Error)]
#[error("connection refused")]
pub struct Refusal {
    #[source]
    pub(crate) reason: RefusalReason,
    pub(crate) claimed: Option<Arc<Certificate>>,
    pub(crate) server_name: Option<String>,
    pub(crate) version: Option<&'static str>,
}

impl Refusal {
    pub(crate) fn new(reason: RefusalReason) -> Self {
        Self {
            reason,
            claimed: None,
            server_name: None,
            version: None,
        }
    }

    /// A client that was accepted, but is denied by the rule of its virtual host.
    pub(super) fn of(reason: RefusalReason, connection: &ConnectionIdentity) -> Self {
        let client = connection.client();
        Self {
            reason,
            claimed: client.and_then(|client| client.chain().first()).cloned(),
            server_name: connection.tls().server_name().map(str::to_owned),
            version: None,
        }
    }

    /// What the audit event says of it.
    pub(crate) fn audited(&self, peer: SocketAddr) -> Refused<'_> {
        Refused {
            peer,
            reason: self.reason.code(),
            cause: &self.reason,
            claimed: self.claimed.as_deref(),
            server_name: self.server_name.as_deref(),
            version: self.version,
        }
    }

    /// Why.
    pub fn reason(&self) -> &RefusalReason {
        &self.reason
    }

    /// The certificate that was presented, as far as it could be parsed. It is only a claim.
    pub fn claimed(&self) -> Option<&Certificate> {
        self.claimed.as_deref()
    }
}

/// Why a connection was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RefusalReason {
    /// The client's certificate is not good.
    #[error("client certificate refused")]
    Certificate(#[source] VerifyError),

    /// The certificate is good, and the [rule](crate::VirtualHost::rule) of the host name denies it.
    /// Only for protocols other than HTTP. With HTTP each request is answered 403 instead.
    #[error("the rule of this host name denies the client certificate")]
    Denied,

    /// The peer went away before the handshake was over.
    #[error("peer closed the connection during the handshake")]
    Disconnected,

    /// A newer connection needed its permit: see [`Limits`](crate::Limits).
    #[error("too many unfinished handshakes, and this was the oldest")]
    Evicted,

    /// Nothing was received in time.
    #[error("peer sent nothing for {} s", .0.as_secs_f32())]
    FirstByteTimeout(Duration),

    /// The handshake did not finish in time.
    #[error("handshake was not complete after {} s", .0.as_secs_f32())]
    HandshakeTimeout(Duration),

    /// The server shut down, or abandoned the handshake, before it was over.
    #[error("handshake was interrupted: the server is shutting down")]
    Interrupted,

    /// The socket failed.
    #[error("connection failed during the handshake")]
    Io(#[source] io::Error),

    /// A certificate is required, and the client has presented none.
    #[error("client presented no certificate, and one is required")]
    NoCertificate,

    /// What was received is not TLS.
    #[error("peer does not speak TLS{}", if *.http { ", but plain HTTP" } else { "" })]
    NotTls {
        /// Whether it looks like an HTTP request.
        http: bool,
    },

    /// An OCSP responder says that the certificate is not good, or does not respond. With the feature
    /// `ocsp`.
    #[cfg(feature = "ocsp")]
    #[error("client certificate refused after querying its OCSP responder")]
    Ocsp(#[source] OcspRefusal),

    /// The client ended the handshake, usually because it does not trust the server's certificate.
    #[error("client ended the handshake with alert {}", .0.as_str().unwrap_or("unknown"))]
    PeerAlert(AlertDescription),

    /// The client could not prove that it holds the key of its certificate.
    #[error("client did not prove that it holds the key of its certificate")]
    Possession(#[source] rustls::Error),

    /// A proxy has to announce its client, and did not do so properly. With the feature
    /// `proxy-protocol`.
    #[cfg(feature = "proxy-protocol")]
    #[error("proxy did not announce its client")]
    ProxyProtocol(#[source] ProxyProtocolError),

    /// A session was resumed that this server must not resume.
    #[error("resumed session belongs to nobody that was verified here")]
    Session,

    /// The TLS messages of the peer are invalid, or there is no common version or cipher suite.
    #[error("TLS handshake failed")]
    Tls(#[source] rustls::Error),

    /// Too many connections are open, in all or from the peer's address: see
    /// [`Limits`](crate::Limits).
    #[error("too many connections are open")]
    TooManyConnections,
}

impl RefusalReason {
    /// A short code for tables and audit events. A refused certificate has that of
    /// [`VerifyError::code`].
    pub fn code(&self) -> &'static str {
        match self {
            Self::Certificate(error) => error.code(),
            Self::Denied => "denied",
            Self::Disconnected => "disconnected",
            Self::Evicted => "evicted",
            Self::FirstByteTimeout(_) => "first-byte-timeout",
            Self::HandshakeTimeout(_) => "handshake-timeout",
            Self::Interrupted => "interrupted",
            Self::Io(_) => "io",
            Self::NoCertificate => "no-certificate",
            Self::NotTls { .. } => "not-tls",
            #[cfg(feature = "ocsp")]
            Self::Ocsp(refusal) => refusal.code(),
            Self::PeerAlert(_) => "peer-alert",
            Self::Possession(_) => "possession-not-proven",
            #[cfg(feature = "proxy-protocol")]
            Self::ProxyProtocol(_) => "proxy-protocol",
            Self::Session => "session",
            Self::Tls(_) => "tls",
            Self::TooManyConnections => "too-many-connections",
        }
    }

    /// The alert that ended the handshake, as far as one was sent or received.
    pub(crate) fn alert(&self) -> Option<AlertDescription> {
        match self {
            Self::Certificate(error) => Some(tls_identity::certificate_error(error).into()),
            Self::NoCertificate => Some(AlertDescription::CertificateRequired),
            Self::PeerAlert(alert) => Some(*alert),
            Self::Possession(_) => Some(AlertDescription::DecryptError),
            _ => None,
        }
    }

    /// The reason behind an I/O error of the TLS stream.
    pub(crate) fn of_io(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(error) => Self::of_tls(rustls::Error::clone(error)),
            None => match error.kind() {
                io::ErrorKind::UnexpectedEof
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::BrokenPipe => Self::Disconnected,
                _ => Self::Io(error),
            },
        }
    }

    pub(crate) fn of_tls(error: rustls::Error) -> Self {
        match error {
            rustls::Error::AlertReceived(alert) => Self::PeerAlert(alert),
            rustls::Error::InvalidMessage(
                InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
            ) => Self::NotTls { http: false },
            rustls::Error::NoCertificatesPresented => Self::NoCertificate,
            error => Self::Tls(error),
        }
    }
}
