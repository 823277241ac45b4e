//! Why a connection was refused.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use pki_core::verify::VerifyError;
use rustls::{AlertDescription, InvalidMessage, PeerIncompatible};
use tls_identity::alert_name;
use x509_identity::{Certificate, DistinguishedName, PublicKeyAlgorithm};

#[cfg(feature = "proxy-protocol")]
use crate::proxy_protocol::error::ProxyProtocolError;
#[cfg(feature = "ocsp")]
use crate::sources::ocsp::check::OcspRefusal;
use crate::{
    connection::identity::ConnectionIdentity, observe::audit::Refused, verify::context::Claimed,
};

/// A connection that was refused, and what is known about it.
#[derive(Debug, thiserror::Error)]
#[error("the client is refused")]
pub struct Refusal {
    #[source]
    pub(crate) reason: RefusalReason,
    pub(crate) claimed: Option<Claimed>,
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
            claimed: client
                .and_then(|client| client.chain().first())
                .map(|leaf| Claimed::Certificate(Arc::clone(leaf))),
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
            claimed: self.claimed(),
            subject: self.subject(),
            server_name: self.server_name.as_deref(),
            version: self.version,
        }
    }

    /// Why.
    pub fn reason(&self) -> &RefusalReason {
        &self.reason
    }

    /// The certificate that was presented, if it could be parsed. It is only a claim.
    pub fn claimed(&self) -> Option<&Certificate> {
        self.claimed.as_ref().and_then(Claimed::certificate)
    }

    /// The subject of the certificate that was presented, also where nothing else of it could be parsed.
    /// It is only a claim.
    pub fn subject(&self) -> Option<&DistinguishedName> {
        self.claimed.as_ref().map(Claimed::subject)
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

    /// The client offers nothing that this server can use: a TLS version, cipher suite, key exchange or
    /// signature scheme.
    #[error("{sentence}")]
    Incompatible {
        /// What it does not offer.
        sentence: String,
        /// What rustls says.
        error: PeerIncompatible,
    },

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
    #[error("client ended the handshake with alert {}", alert_name(*.0))]
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

    /// The TLS messages of the peer are invalid.
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
            Self::Incompatible { .. } => "incompatible",
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
            rustls::Error::PeerIncompatible(error) => match not_offered(&error) {
                Some(what) => Self::Incompatible {
                    sentence: format!("client offers no {what} that this server takes"),
                    error,
                },
                None => Self::Tls(rustls::Error::PeerIncompatible(error)),
            },
            error => Self::Tls(error),
        }
    }
    /// With the server's own part in it, if its key is one that needs TLS 1.3.
    pub(crate) fn with_key(self, tls13_key: Option<&PublicKeyAlgorithm>) -> Self {
        match (self, tls13_key) {
            (
                Self::Incompatible {
                    error: error @ PeerIncompatible::NoCipherSuitesInCommon,
                    ..
                },
                Some(key),
            ) => Self::Incompatible {
                sentence: format!(
                    "the server's key ({key}) needs TLS 1.3, and the client offers TLS 1.2 alone"
                ),
                error,
            },
            (reason, _) => reason,
        }
    }
}

/// What the client would have to offer.
fn not_offered(error: &PeerIncompatible) -> Option<&'static str> {
    use PeerIncompatible as P;
    Some(match error {
        P::NoCertificateRequestSignatureSchemesInCommon | P::NoSignatureSchemesInCommon => {
            "signature scheme"
        }
        P::NoCipherSuitesInCommon => "cipher suite",
        P::NoKxGroupsInCommon => "key exchange",
        P::ServerTlsVersionIsDisabledByOurConfig
        | P::SupportedVersionsExtensionRequired
        | P::Tls12NotOffered
        | P::Tls12NotOfferedOrEnabled => "version of TLS",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_does_not_offer_is_said_in_words() {
        use PeerIncompatible as P;
        for (error, code, sentence) in [
            (
                P::NoCipherSuitesInCommon,
                "incompatible",
                "client offers no cipher suite that this server takes",
            ),
            (
                P::NoKxGroupsInCommon,
                "incompatible",
                "client offers no key exchange that this server takes",
            ),
            (
                P::NoSignatureSchemesInCommon,
                "incompatible",
                "client offers no signature scheme that this server takes",
            ),
            (
                P::Tls12NotOfferedOrEnabled,
                "incompatible",
                "client offers no version of TLS that this server takes",
            ),
            (P::NullCompressionRequired, "tls", "TLS handshake failed"),
        ] {
            let reason = RefusalReason::of_tls(error.into());
            let reason = reason.with_key(None);
            assert_eq!((reason.code(), &*reason.to_string()), (code, sentence));
        }
    }

    #[test]
    fn an_alert_has_the_name_that_the_rfc_gives_it() {
        let reason =
            RefusalReason::of_tls(rustls::Error::AlertReceived(AlertDescription::UnknownCA));
        let expected = "client ended the handshake with alert unknown_ca";
        assert_eq!(reason.to_string(), expected);
    }
}
