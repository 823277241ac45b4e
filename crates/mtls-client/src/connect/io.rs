//! What a connection runs on: TLS, or plain TCP where that is allowed.

use std::pin::Pin;

use rustls::ClientConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// Bytes to and from a server, with TLS or without.
#[derive(Debug)]
pub(super) enum Io {
    Plain(TcpStream),
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

/// What both forms are to a reader and a writer.
pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Socket for T {}

impl Io {
    pub(super) fn socket(&mut self) -> Pin<&mut dyn Socket> {
        match self {
            Self::Plain(stream) => Pin::new(stream),
            Self::Tls(stream) => Pin::new(stream.as_mut()),
        }
    }

    /// The TLS session, if there is one.
    pub(super) fn session(&self) -> Option<&ClientConnection> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(stream) => Some(stream.get_ref().1),
        }
    }

    /// Whether HTTP/2 was agreed on.
    pub(super) fn is_http2(&self) -> bool {
        self.session().and_then(|session| session.alpn_protocol()) == Some(b"h2")
    }
}
