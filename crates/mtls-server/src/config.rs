//! Who may connect, decided before the first connection.

use std::{fmt, sync::Arc, time::Duration};

use pki_core::verify::{ChainVerifier, Purpose, Revocation, Strictness, TrustAnchors};
use rustls::{ServerConfig, server::NoServerSessionStorage, sign::SingleCertAndKey};

use crate::{
    forwarded::TrustForwarded, identity::ServerIdentity, provider::provider,
    verifier::ClientVerifier,
};

/// Everything the door needs to know; immutable, and cheap to clone.
///
/// TLS 1.2 and 1.3 are spoken, with aws-lc-rs. Sessions are never resumed: rustls asks nobody about
/// the client's certificate when it resumes one, so a client whose certificate was revoked or
/// has expired since would still be let in.
#[derive(Clone)]
pub struct MtlsConfig(Arc<Inner>);

struct Inner {
    rustls: Arc<ServerConfig>,
    client_auth: ClientAuth,
    handshake_timeout: Duration,
    limits: Limits,
    trust_forwarded: Option<Arc<TrustForwarded>>,
}

impl MtlsConfig {
    /// Starts from the two decisions that nobody can make for the caller: who the server is, and
    /// which roots vouch for its clients.
    pub fn builder(identity: ServerIdentity, client_roots: TrustAnchors) -> MtlsConfigBuilder {
        MtlsConfigBuilder {
            identity,
            client_roots,
            client_auth: ClientAuth::Required,
            revocation: None,
            strictness: Strictness::default(),
            max_depth: 4,
            alpn: vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            handshake_timeout: Duration::from_secs(10),
            limits: Limits::default(),
            trust_forwarded: None,
        }
    }

    pub(crate) fn rustls(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0.rustls)
    }

    pub(crate) fn certificate_required(&self) -> bool {
        self.0.client_auth == ClientAuth::Required
    }

    pub(crate) fn handshake_timeout(&self) -> Duration {
        self.0.handshake_timeout
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub(crate) fn trust_forwarded(&self) -> Option<&Arc<TrustForwarded>> {
        self.0.trust_forwarded.as_ref()
    }
}

impl fmt::Debug for MtlsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MtlsConfig")
            .field("client_auth", &self.0.client_auth)
            .field("handshake_timeout", &self.0.handshake_timeout)
            .field("limits", &self.0.limits)
            .finish_non_exhaustive()
    }
}

/// Whether a client may come without a certificate.
///
/// A certificate that is shown must be good in either case.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ClientAuth {
    /// No certificate, no connection: alert `certificate_required`.
    #[default]
    Required,
    /// Anonymous clients may connect; handlers decide with `Option<ClientCert>`.
    Optional,
}

/// What one peer may cost before it is known.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// How long a fresh connection may be silent; 3 s.
    pub first_byte: Duration,
    /// Unfinished handshakes in all; 1,024. When more come, the oldest gives way.
    pub half_open: usize,
    /// Unfinished handshakes of one IPv4 address or IPv6 /64; 64. The oldest gives way.
    pub half_open_per_address: usize,
    /// How long an HTTP/1 header, and the first request of a connection, may take; 10 s. This is
    /// also how long an idle HTTP/1 connection is kept, since hyper does not tell the two apart.
    pub header: Duration,
    /// How long a refused connection is kept for the peer to read the alert; 1 s.
    pub linger: Duration,
    /// How many bytes of a refused peer are read and thrown away meanwhile; 512 KiB. With 64 KiB
    /// the alert arrives, too, but a client that writes 256 KiB sees its write fail first.
    pub linger_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            first_byte: Duration::from_secs(3),
            half_open: 1024,
            half_open_per_address: 64,
            header: Duration::from_secs(10),
            linger: Duration::from_secs(1),
            linger_bytes: 512 << 10,
        }
    }
}

/// Settings for [`MtlsConfig`]; each method says its default.
#[derive(Debug)]
#[must_use = "nothing is checked before build()"]
pub struct MtlsConfigBuilder {
    identity: ServerIdentity,
    client_roots: TrustAnchors,
    client_auth: ClientAuth,
    revocation: Option<Revocation>,
    strictness: Strictness,
    max_depth: usize,
    alpn: Vec<Vec<u8>>,
    handshake_timeout: Duration,
    limits: Limits,
    trust_forwarded: Option<Arc<TrustForwarded>>,
}

impl MtlsConfigBuilder {
    /// Whether a certificate is required; it is.
    pub fn client_auth(mut self, client_auth: ClientAuth) -> Self {
        self.client_auth = client_auth;
        self
    }

    /// Revocation lists and how they are used; none.
    ///
    /// [`Revocation`]'s own defaults judge the whole chain, and deny where no list covers a
    /// certificate or the list has expired.
    pub fn revocation(mut self, revocation: Revocation) -> Self {
        self.revocation = Some(revocation);
        self
    }

    /// How certificates are judged; strictly.
    pub fn strictness(mut self, strictness: Strictness) -> Self {
        self.strictness = strictness;
        self
    }

    /// Intermediates between the client's certificate and the root; 4 at most.
    pub fn max_depth(mut self, max_depth: usize) -> Self {
        self.max_depth = max_depth;
        self
    }

    /// Application protocols, preferred first; `h2` and `http/1.1`.
    pub fn alpn<P: AsRef<[u8]>>(mut self, protocols: impl IntoIterator<Item = P>) -> Self {
        self.alpn = protocols
            .into_iter()
            .map(|protocol| protocol.as_ref().to_vec())
            .collect();
        self
    }

    /// How long a handshake may take in all; 10 s.
    pub fn handshake_timeout(mut self, limit: Duration) -> Self {
        self.handshake_timeout = limit;
        self
    }

    /// What one peer may cost before it is known; see [`Limits`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Which proxy is trusted to say whose requests it forwards; none.
    ///
    /// In either case no router sees a header that tells of a client certificate.
    pub fn trust_forwarded(mut self, trust: TrustForwarded) -> Self {
        self.trust_forwarded = Some(Arc::new(trust));
        self
    }

    /// Checks the whole.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] says what cannot work.
    pub fn build(self) -> Result<MtlsConfig, ConfigError> {
        if self
            .alpn
            .iter()
            .any(|name| name.is_empty() || name.len() > 255)
        {
            return Err(ConfigError::Alpn);
        }
        if self.handshake_timeout.is_zero()
            || self.limits.first_byte.is_zero()
            || self.limits.header.is_zero()
        {
            return Err(ConfigError::NoTime);
        }
        let trust = self.trust_forwarded;
        if trust.as_ref().is_some_and(|it| !it.is_for_clients()) {
            return Err(ConfigError::ForwardedPurpose);
        }
        let hints: Vec<_> = self.client_roots.subjects().map(<[u8]>::to_vec).collect();
        let mut chain = ChainVerifier::builder(self.client_roots, Purpose::TlsClient)
            .strictness(self.strictness)
            .max_depth(self.max_depth);
        if let Some(revocation) = self.revocation {
            chain = chain.revocation(revocation);
        }
        let mandatory = self.client_auth == ClientAuth::Required;
        let verifier = ClientVerifier::new(chain.build(), mandatory, hints);
        let mut rustls = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| ConfigError::Tls(Box::new(error)))?
            .with_client_cert_verifier(Arc::new(verifier))
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(
                self.identity.into_certified_key(),
            )));
        rustls.alpn_protocols = self.alpn;
        rustls.session_storage = Arc::new(NoServerSessionStorage {});
        rustls.send_tls13_tickets = 0;
        Ok(MtlsConfig(Arc::new(Inner {
            rustls: Arc::new(rustls),
            client_auth: self.client_auth,
            handshake_timeout: self.handshake_timeout,
            limits: self.limits,
            trust_forwarded: trust,
        })))
    }
}

/// Why the settings make no server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// RFC 7301 section 3.1: 1 to 255 bytes each.
    #[error("an application protocol name is empty or longer than 255 bytes")]
    Alpn,

    /// The certificates that a proxy forwards are clients'.
    #[error("the verifier of forwarded certificates is not for TLS clients (Purpose::TlsClient)")]
    ForwardedPurpose,

    /// What may take no time never succeeds.
    #[error("a time limit (handshake, first byte or header) is zero: give it some seconds")]
    NoTime,

    /// TLS cannot be set up with these settings.
    #[error("TLS could not be set up")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
}
