//! Decides who may connect, before the first connection.

use std::{fmt, sync::Arc, time::Duration};

use pki_core::verify::{Revocation, Strictness, TrustAnchors};
use rustls::{KeyLog, NoKeyLog};

use tls_identity::Identity as ServerIdentity;

use crate::{
    config::{
        active_host::{Shared, Site},
        error::ConfigError,
        limits::Limits,
        mtls_config::{Inner, MtlsConfig, Source},
        sni_map::{Names, Pattern},
        virtual_host::VirtualHost,
    },
    forwarded::trust::TrustForwarded,
    proxy_protocol::ProxyProtocol,
    rules::rule::Rule,
    sources::ocsp::check::OcspCheck,
    verify::{
        client_auth::ClientAuth,
        denylist::RevokedNow,
        resumption::{Resumption, SessionStorage},
    },
};

/// Settings for [`MtlsConfig`]; each method says its default.
#[must_use = "nothing is checked before build()"]
pub struct MtlsConfigBuilder {
    site: VirtualHost,
    names: Vec<(String, VirtualHost)>,
    alpn: Vec<Vec<u8>>,
    handshake_timeout: Duration,
    resumption: Resumption,
    key_log: Arc<dyn KeyLog>,
    source: Option<Arc<dyn Source>>,
    limits: Limits,
    proxy_protocol: ProxyProtocol,
    trust_forwarded: Option<Arc<TrustForwarded>>,
}

impl MtlsConfig {
    /// Starts from the two decisions that nobody can make for the caller: who the server is, and
    /// which roots vouch for its clients.
    pub fn builder(identity: ServerIdentity, client_roots: TrustAnchors) -> MtlsConfigBuilder {
        MtlsConfigBuilder::of(VirtualHost::new(identity, client_roots))
    }
}

impl MtlsConfigBuilder {
    pub(crate) fn of(site: VirtualHost) -> Self {
        Self {
            site,
            names: Vec::new(),
            alpn: vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            handshake_timeout: Duration::from_secs(10),
            resumption: Resumption::default(),
            key_log: Arc::new(NoKeyLog),
            source: None,
            limits: Limits::default(),
            proxy_protocol: ProxyProtocol::default(),
            trust_forwarded: None,
        }
    }

    /// Other settings for clients that ask for this host name (SNI), `*.example.com` for all that
    /// are one label below it; none.
    ///
    /// Those that ask for no name, or another one, get the settings of this builder. A request
    /// whose `Host` has other settings than the name of its connection is answered 421.
    pub fn virtual_host(mut self, name: impl Into<String>, host: VirtualHost) -> Self {
        self.names.push((name.into(), host));
        self
    }

    /// As [`VirtualHost::client_auth`].
    pub fn client_auth(mut self, client_auth: ClientAuth) -> Self {
        self.site = self.site.client_auth(client_auth);
        self
    }

    /// As [`VirtualHost::revocation`].
    pub fn revocation(mut self, revocation: Revocation) -> Self {
        self.site = self.site.revocation(revocation);
        self
    }

    /// As [`VirtualHost::strictness`].
    pub fn strictness(mut self, strictness: Strictness) -> Self {
        self.site = self.site.strictness(strictness);
        self
    }

    /// As [`VirtualHost::max_depth`].
    pub fn max_depth(mut self, max_depth: usize) -> Self {
        self.site = self.site.max_depth(max_depth);
        self
    }

    /// As [`VirtualHost::ocsp`].
    pub fn ocsp(mut self, check: OcspCheck) -> Self {
        self.site = self.site.ocsp(check);
        self
    }

    /// As [`VirtualHost::rule`].
    pub fn rule(mut self, rule: Rule) -> Self {
        self.site = self.site.rule(rule);
        self
    }

    /// Whether clients may resume sessions, after their certificate was judged again; for 1 h,
    /// 10,000 of them kept in memory.
    pub fn resumption(mut self, resumption: Resumption) -> Self {
        self.resumption = resumption;
        self
    }

    /// Where the keys of sessions are written down, to read a capture of their traffic; nowhere.
    ///
    /// `Arc::new(rustls::KeyLogFile::new())` writes to the file that the environment variable
    /// `SSLKEYLOGFILE` names. Whoever has it can read everything.
    pub fn key_log(mut self, key_log: Arc<dyn KeyLog>) -> Self {
        self.key_log = key_log;
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

    /// Which proxies announce their clients' addresses; none. See [`ProxyProtocol`].
    pub fn proxy_protocol(mut self, proxies: ProxyProtocol) -> Self {
        self.proxy_protocol = proxies;
        self
    }

    /// Which proxy is trusted to say whose requests it forwards; none.
    ///
    /// In either case no router sees a header that tells of a client certificate.
    pub fn trust_forwarded(mut self, trust: TrustForwarded) -> Self {
        self.trust_forwarded = Some(Arc::new(trust));
        self
    }

    pub(crate) fn source(mut self, source: Arc<dyn Source>) -> Self {
        self.source = Some(source);
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
        let revoked = Arc::new(RevokedNow::default());
        let shared = Shared {
            alpn: &self.alpn,
            key_log: &self.key_log,
            resumption: self.resumption,
            revoked: &revoked,
        };
        let policies = policies(&self.site, &self.names);
        let mut policies = policies.into_iter();
        let mut site = |config| -> Result<_, ConfigError> {
            let policy = policies.next().unwrap_or_default();
            Site::new(config, policy, &shared).map(Arc::new)
        };
        let mut sites = Names::new(site(self.site)?);
        for (name, config) in self.names {
            let pattern = Pattern::new(&name);
            let pattern = pattern.ok_or_else(|| ConfigError::Name { name: name.clone() })?;
            if sites.insert(pattern, site(config)?).is_some() {
                return Err(ConfigError::NameTwice { name });
            }
        }
        Ok(MtlsConfig(Arc::new(Inner {
            hosts: Arc::new(sites.map(|site| site.host.clone())),
            sites,
            revoked,
            source: self.source,
            handshake_timeout: self.handshake_timeout,
            limits: self.limits,
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

/// Numbers what is asked of clients: equal numbers for equal settings, in the order of the names.
fn policies(site: &VirtualHost, names: &[(String, VirtualHost)]) -> Vec<usize> {
    let all: Vec<_> = std::iter::once(site)
        .chain(names.iter().map(|(_, site)| site))
        .map(|site| &site.clients)
        .collect();
    all.iter()
        .map(|clients| all.iter().position(|first| first.same(clients)))
        .map(Option::unwrap_or_default)
        .collect()
}

/// RFC 8446 section 4.6.1: no ticket is used for longer than seven days.
const MAX_TTL: Duration = Duration::from_secs(7 * 24 * 60 * 60);
