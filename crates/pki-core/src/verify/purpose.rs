//! What a certificate is presented for, and which usage bits that takes.

use std::fmt;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{ID_KP_CLIENT_AUTH, ID_KP_SERVER_AUTH};

/// What the leaf is presented for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// A client proves itself to a server: clientAuth.
    TlsClient,
    /// A server proves itself to a client: serverAuth. The name is checked apart, by
    /// [`Path::check_server_name`](super::Path::check_server_name).
    TlsServer,
}

impl Purpose {
    /// The extended key usage that the purpose takes (RFC 5280 section 4.2.1.12).
    #[must_use]
    pub fn oid(self) -> ObjectIdentifier {
        match self {
            Self::TlsClient => ID_KP_CLIENT_AUTH,
            Self::TlsServer => ID_KP_SERVER_AUTH,
        }
    }

    /// Its name in configuration files: `clientAuth` or `serverAuth`.
    #[must_use]
    pub fn usage(self) -> &'static str {
        match self {
            Self::TlsClient => "clientAuth",
            Self::TlsServer => "serverAuth",
        }
    }

    pub(super) fn webpki(self) -> webpki::KeyUsage {
        match self {
            Self::TlsClient => webpki::KeyUsage::client_auth(),
            Self::TlsServer => webpki::KeyUsage::server_auth(),
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TlsClient => "client",
            Self::TlsServer => "server",
        })
    }
}
