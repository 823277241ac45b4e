//! What was negotiated in the handshake of a connection.

use std::sync::Arc;

use rustls::{HandshakeKind, ProtocolVersion, ServerConnection};
use serde::{Serialize, Serializer};

/// TLS parameters of the connection, as an extractor; cheap to clone.
///
/// If the router is not served by this crate, it rejects with
/// [`ClientCertRejection::NotWired`](crate::rejection::ClientCertRejection::NotWired).
/// `Option<TlsInfo>` is `None` then.
///
/// Serializes as an object with the names of its methods.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TlsInfo(Arc<Parameters>);

#[derive(Debug, Eq, PartialEq, Serialize)]
struct Parameters {
    version: &'static str,
    cipher_suite: String,
    key_exchange: String,
    resumed: bool,
    alpn: Option<String>,
    server_name: Option<String>,
}

impl TlsInfo {
    pub(crate) fn of(connection: &ServerConnection) -> Self {
        let name = |text: Option<&'static str>| text.unwrap_or("unknown").to_owned();
        Self(Arc::new(Parameters {
            version: match connection.protocol_version() {
                Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
                Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
                _ => "unknown",
            },
            // rustls calls them TLS13_..., the IANA registry TLS_...
            cipher_suite: connection.negotiated_cipher_suite().map_or_else(
                || name(None),
                |suite| name(suite.suite().as_str()).replacen("TLS13_", "TLS_", 1),
            ),
            key_exchange: name(
                connection
                    .negotiated_key_exchange_group()
                    .and_then(|group| group.name().as_str()),
            ),
            resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
            alpn: connection
                .alpn_protocol()
                .map(|protocol| String::from_utf8_lossy(protocol).into_owned()),
            server_name: connection.server_name().map(str::to_owned),
        }))
    }

    /// For tests of handlers: what a connection usually has.
    pub(crate) fn mock() -> Self {
        Self(Arc::new(Parameters {
            version: "TLSv1.3",
            cipher_suite: "TLS_AES_256_GCM_SHA384".to_owned(),
            key_exchange: "X25519MLKEM768".to_owned(),
            resumed: false,
            alpn: None,
            server_name: None,
        }))
    }

    /// `TLSv1.3` or `TLSv1.2`.
    pub fn version(&self) -> &str {
        self.0.version
    }

    /// The IANA name of the cipher suite, `TLS_AES_256_GCM_SHA384` for one.
    pub fn cipher_suite(&self) -> &str {
        &self.0.cipher_suite
    }

    /// The key exchange group, `X25519MLKEM768` for one.
    pub fn key_exchange(&self) -> &str {
        &self.0.key_exchange
    }

    /// Whether the handshake resumed an earlier session.
    pub fn resumed(&self) -> bool {
        self.0.resumed
    }

    /// The application protocol (ALPN): `h2` or `http/1.1` by default.
    pub fn alpn(&self) -> Option<&str> {
        self.0.alpn.as_deref()
    }

    /// The name that the client asked for (SNI). Clients send none for an IP address.
    pub fn server_name(&self) -> Option<&str> {
        self.0.server_name.as_deref()
    }
}

impl Serialize for TlsInfo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
