//! Settings that are being put together, and checked as a whole.

use std::{fmt, sync::Arc, time::Duration};

use pki_core::verify::{Revocation, Strictness, TrustAnchors, WithoutClientAuth};
use rustls::{KeyLog, NoKeyLog};

use tls_identity::Identity as ServerIdentity;

#[cfg(feature = "proxy-protocol")]
use crate::proxy_protocol::ProxyProtocol;
#[cfg(feature = "ocsp")]
use crate::sources::ocsp::check::OcspCheck;
use crate::{
    config::{
        active_host::{ActiveHost, SharedSettings},
        error::ConfigError,
        limits::Limits,
        mtls_config::{Inner, MtlsConfig, Source},
        sni_map::{self, SniMap},
        virtual_host::VirtualHost,
    },
    forwarded::trust::TrustForwarded,
    rules::rule::Rule,
    verify::{
        client_auth::ClientAuth,
        denylist::Denylist,
        resumption::{Resumption, SessionStorage},
    },
};

/// Builds an [`MtlsConfig`]; each method says its default.
#[must_use = "nothing is checked before build()"]
pub struct MtlsConfigBuilder {
    default_host: VirtualHost,
    hosts: Vec<(String, VirtualHost)>,
    alpn: Vec<Vec<u8>>,
    handshake_timeout: Duration,
    resumption: Resumption,
    key_log: Arc<dyn KeyLog>,
    source: Option<Arc<dyn Source>>,
    limits: Limits,
    #[cfg(feature = "proxy-protocol")]
    proxy_protocol: ProxyProtocol,
    trust_forwarded: Option<Arc<TrustForwarded>>,
}

impl MtlsConfig {
    /// Settings for a server that presents this identity, and accepts client certificates that lead
    /// to one of these trust anchors. Everything else has a default.
    pub fn builder(identity: ServerIdentity, client_roots: TrustAnchors) -> MtlsConfigBuilder {
        MtlsConfigBuilder::of(VirtualHost::new(identity, client_roots))
    }
}

impl MtlsConfigBuilder {
    pub(crate) fn of(default_host: VirtualHost) -> Self {
        Self {
            default_host,
            hosts: Vec::new(),
            alpn: vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            handshake_timeout: Duration::from_secs(10),
            resumption: Resumption::default(),
            key_log: Arc::new(NoKeyLog),
            source: None,
            limits: Limits::default(),
            #[cfg(feature = "proxy-protocol")]
            proxy_protocol: ProxyProtocol::default(),
            trust_forwarded: None,
        }
    }

    /// Adds a virtual host: other settings for clients that ask for this name (SNI).
    /// `*.example.com` stands for all names one label below `example.com`. None by default.
    ///
    /// Clients that ask for no name, or for another one, get the settings of this builder. If the
    /// `Host` of a request belongs to a virtual host with other settings than those of its
    /// connection, the request is answered 421.
    pub fn virtual_host(mut self, name: impl Into<String>, host: VirtualHost) -> Self {
        self.hosts.push((name.into(), host));
        self
    }

    /// As [`VirtualHost::client_auth`].
    pub fn client_auth(mut self, client_auth: ClientAuth) -> Self {
        self.default_host = self.default_host.client_auth(client_auth);
        self
    }

    /// As [`VirtualHost::revocation`].
    pub fn revocation(mut self, revocation: Revocation) -> Self {
        self.default_host = self.default_host.revocation(revocation);
        self
    }

    /// As [`VirtualHost::strictness`].
    pub fn strictness(mut self, strictness: Strictness) -> Self {
        self.default_host = self.default_host.strictness(strictness);
        self
    }

    /// As [`VirtualHost::max_depth`].
    pub fn max_depth(mut self, max_depth: usize) -> Self {
        self.default_host = self.default_host.max_depth(max_depth);
        self
    }

    /// As [`VirtualHost::accept_without_client_auth`].
    pub fn accept_without_client_auth(mut self, cas: WithoutClientAuth) -> Self {
        self.default_host = self.default_host.accept_without_client_auth(cas);
        self
    }

    /// As [`VirtualHost::ocsp`].
    #[cfg(feature = "ocsp")]
    pub fn ocsp(mut self, check: OcspCheck) -> Self {
        self.default_host = self.default_host.ocsp(check);
        self
    }

    /// As [`VirtualHost::rule`].
    pub fn rule(mut self, rule: Rule) -> Self {
        self.default_host = self.default_host.rule(rule);
        self
    }

    /// Whether clients may resume sessions, after their certificate was verified again. By default
    /// for 1 h, with 10,000 sessions in memory.
    pub fn resumption(mut self, resumption: Resumption) -> Self {
        self.resumption = resumption;
        self
    }

    /// Where the keys of connections are logged, so that captured traffic can be decrypted. Nowhere
    /// by default.
    ///
    /// `Arc::new(rustls::KeyLogFile::new())` writes to the file that the environment variable
    /// `SSLKEYLOGFILE` names. Whoever has that file can read everything.
    pub fn key_log(mut self, key_log: Arc<dyn KeyLog>) -> Self {
        self.key_log = key_log;
        self
    }

    /// Application protocols (ALPN), preferred first; `h2` and `http/1.1` by default.
    pub fn alpn<P: AsRef<[u8]>>(mut self, protocols: impl IntoIterator<Item = P>) -> Self {
        self.alpn = protocols
            .into_iter()
            .map(|protocol| protocol.as_ref().to_vec())
            .collect();
        self
    }

    /// How long a handshake may take in all; 10 s by default.
    pub fn handshake_timeout(mut self, limit: Duration) -> Self {
        self.handshake_timeout = limit;
        self
    }

    /// What one peer may cost; see [`Limits`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Which proxies announce their clients' addresses; none by default. See [`ProxyProtocol`].
    /// With the feature `proxy-protocol`.
    #[cfg(feature = "proxy-protocol")]
    pub fn proxy_protocol(mut self, proxies: ProxyProtocol) -> Self {
        self.proxy_protocol = proxies;
        self
    }

    /// Which proxy is trusted to say whose requests it forwards; none by default.
    ///
    /// Either way, no router sees a header that claims a client certificate.
    pub fn trust_forwarded(mut self, trust: TrustForwarded) -> Self {
        self.trust_forwarded = Some(Arc::new(trust));
        self
    }

    pub(crate) fn source(mut self, source: Arc<dyn Source>) -> Self {
        self.source = Some(source);
        self
    }

    /// Checks everything.
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
        if self.handshake_timeout.is_zero() || self.limits.leave_no_time() {
            return Err(ConfigError::NoTime);
        }
        let trust = &self.trust_forwarded;
        if trust.as_ref().is_some_and(|it| !it.is_for_clients()) {
            return Err(ConfigError::ForwardedPurpose);
        }
        if let Resumption::Revalidate { ttl, storage } = self.resumption
            && (ttl.as_secs() == 0
                || ttl > MAX_TTL
                || storage == (SessionStorage::InMemory { sessions: 0 }))
        {
            return Err(ConfigError::Resumption);
        }
        let denylist = Arc::new(Denylist::default());
        let shared = SharedSettings {
            alpn: &self.alpn,
            key_log: &self.key_log,
            resumption: self.resumption,
            denylist: &denylist,
        };
        let classes = classes(&self.default_host, &self.hosts);
        let mut classes = classes.into_iter();
        let mut active = |host| -> Result<_, ConfigError> {
            let class = classes.next().unwrap_or_default();
            ActiveHost::new(host, class, &shared).map(Arc::new)
        };
        let mut hosts = SniMap::new(active(self.default_host)?);
        for (name, host) in self.hosts {
            let pattern = sni_map::pattern(&name);
            let pattern = pattern.ok_or_else(|| ConfigError::Name { name: name.clone() })?;
            if hosts.insert(&pattern, active(host)?).is_some() {
                return Err(ConfigError::NameTwice { name });
            }
        }
        Ok(MtlsConfig(Arc::new(Inner {
            policies: Arc::new(hosts.map(|host| host.policy.clone())),
            hosts,
            denylist,
            source: self.source,
            handshake_timeout: self.handshake_timeout,
            limits: self.limits,
            #[cfg(feature = "proxy-protocol")]
            proxy_protocol: self.proxy_protocol,
            trust_forwarded: self.trust_forwarded,
        })))
    }
}

impl fmt::Debug for MtlsConfigBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MtlsConfigBuilder")
            .field("handshake_timeout", &self.handshake_timeout)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// A number for what each virtual host asks of clients: equal numbers for equal settings.
fn classes(default_host: &VirtualHost, hosts: &[(String, VirtualHost)]) -> Vec<usize> {
    let all: Vec<_> = std::iter::once(default_host)
        .chain(hosts.iter().map(|(_, host)| host))
        .map(|host| &host.clients)
        .collect();
    all.iter()
        .map(|clients| all.iter().position(|first| first.same(clients)))
        .map(Option::unwrap_or_default)
        .collect()
}

/// RFC 8446 section 4.6.1: no ticket is used for longer than seven days.
const MAX_TTL: Duration = Duration::from_secs(7 * 24 * 60 * 60);
