//! The client certificate that a trusted proxy forwarded.

use std::{fmt, sync::Arc};

use time::OffsetDateTime;
use x509_identity::{Certificate, DistinguishedName, SerialNumber, SubjectAltName};

use super::chain::Chain;
use crate::peer::client_cert::ClientCert;

/// A client certificate that a trusted proxy has forwarded ([`TrustForwarded`](crate::proxy::TrustForwarded));
/// cheap to clone.
///
/// As an extractor it rejects with 403 (`client_certificate_required`) if the peer is not such a proxy,
/// or if the proxy has forwarded no certificate; `Option<ForwardedClientCert>` is `None` then. If the
/// header cannot be read, both reject with 400 (`forwarded_certificate_invalid`).
///
/// It is not a [`ClientCert`], and cannot be turned into one: a [`ClientCert`] is proven in the
/// handshake of this connection. Rules ([`RequireClientCert`](crate::RequireClientCert)) decide
/// about the certificate of the connection, which is that of the proxy. This compiles:
///
/// ```
/// use mtls_server::ClientCert;
///
/// fn erase_everything(_on_behalf_of: &ClientCert) {}
///
/// async fn handler(client: ClientCert) {
///     erase_everything(&client);
/// }
/// # let _ = axum::Router::<()>::new().route("/", axum::routing::post(handler));
/// ```
///
/// And this does not:
///
/// ```compile_fail,E0308
/// use mtls_server::{ClientCert, proxy::ForwardedClientCert};
///
/// fn erase_everything(_on_behalf_of: &ClientCert) {}
///
/// async fn handler(client: ForwardedClientCert) {
///     erase_everything(&client);
/// }
/// # let _ = axum::Router::<()>::new().route("/", axum::routing::post(handler));
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct ForwardedClientCert {
    leaf: Arc<Certificate>,
    chain: Arc<[Arc<Certificate>]>,
    via: ClientCert,
}

impl ForwardedClientCert {
    /// `None` if the chain is empty.
    pub(crate) fn new(chain: Chain, via: ClientCert) -> Option<Self> {
        Some(Self {
            leaf: Arc::clone(chain.first()?),
            chain: chain.into(),
            via,
        })
    }

    /// The certificate of the proxy, which is the connection's.
    pub fn via(&self) -> &ClientCert {
        &self.via
    }

    /// The subject. Its `Display` is RFC 4514.
    pub fn subject(&self) -> &DistinguishedName {
        self.leaf.subject()
    }

    /// The issuer.
    pub fn issuer(&self) -> &DistinguishedName {
        self.leaf.issuer()
    }

    /// The serial number.
    pub fn serial(&self) -> &SerialNumber {
        self.leaf.serial()
    }

    /// Subject alternative names, in the certificate's order.
    pub fn sans(&self) -> &[SubjectAltName] {
        self.leaf.sans()
    }

    /// The last second in which it is valid.
    pub fn not_after(&self) -> OffsetDateTime {
        self.leaf.not_after()
    }

    /// SHA-256 of the whole certificate.
    pub fn fingerprint_sha256(&self) -> &[u8; 32] {
        self.leaf.fingerprint_sha256()
    }

    /// SHA-256 of the public key (SubjectPublicKeyInfo).
    pub fn spki_sha256(&self) -> &[u8; 32] {
        self.leaf.spki_sha256()
    }

    /// This certificate first. If it was [verified](crate::proxy::TrustForwarded::verify), the rest is the
    /// verified path up to the trust anchor. Otherwise it is what the proxy sent, in any order.
    pub fn chain(&self) -> &[Arc<Certificate>] {
        &self.chain
    }

    /// The certificate's DER.
    pub fn der(&self) -> &[u8] {
        self.leaf.der()
    }

    /// The parsed certificate, for everything else.
    pub fn certificate(&self) -> &Certificate {
        &self.leaf
    }
}

impl fmt::Debug for ForwardedClientCert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForwardedClientCert")
            .field("subject", &self.subject().to_string())
            .field("serial", &self.serial().to_string())
            .field("via", &self.via)
            .finish_non_exhaustive()
    }
}
