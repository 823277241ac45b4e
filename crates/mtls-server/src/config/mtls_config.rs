//! Settings that were checked, and that never change.

use std::{fmt, pin::Pin, sync::Arc, time::Duration};

use time::OffsetDateTime;

#[cfg(feature = "proxy-protocol")]
use crate::proxy_protocol::ProxyProtocol;
use crate::{
    config::{
        active_host::{ActiveHost, HostPolicy},
        error::LoadError,
        limits::Limits,
        sni_map::SniMap,
    },
    forwarded::trust::TrustForwarded,
    observe::metrics::CrlFigures,
    verify::denylist::Denylist,
};

/// The settings of a server, for each virtual host; immutable, and cheap to clone.
///
/// TLS 1.2 and 1.3 are spoken, with aws-lc-rs.
#[derive(Clone)]
pub struct MtlsConfig(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) hosts: SniMap<Arc<ActiveHost>>,
    pub(super) policies: Arc<SniMap<HostPolicy>>,
    pub(super) denylist: Arc<Denylist>,
    /// Where newer settings come from.
    pub(super) source: Option<Arc<dyn Source>>,
    pub(super) handshake_timeout: Duration,
    pub(super) limits: Limits,
    #[cfg(feature = "proxy-protocol")]
    pub(super) proxy_protocol: ProxyProtocol,
    pub(super) trust_forwarded: Option<Arc<TrustForwarded>>,
}

impl MtlsConfig {
    /// The virtual host of the name that a client asks for (SNI).
    pub(crate) fn host(&self, server_name: Option<&str>) -> &Arc<ActiveHost> {
        self.0.hosts.find(server_name)
    }

    pub(crate) fn hosts(&self) -> impl Iterator<Item = &Arc<ActiveHost>> {
        self.0.hosts.values()
    }

    pub(crate) fn policies(&self) -> &Arc<SniMap<HostPolicy>> {
        &self.0.policies
    }

    pub(crate) fn denylist(&self) -> &Denylist {
        &self.0.denylist
    }

    /// Takes over the denylist of the settings that these replace.
    pub(crate) fn inherit(&self, earlier: &Self) {
        if !Arc::ptr_eq(&self.0, &earlier.0) {
            self.0.denylist.inherit(&earlier.0.denylist);
        }
    }

    /// When the first of the server certificates expires.
    pub(crate) fn identity_ends(&self) -> OffsetDateTime {
        let ends = self.hosts().map(|host| host.identity_ends);
        ends.min().unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// Age and size of the CRLs of all virtual hosts.
    pub(crate) fn crl_figures(&self) -> Option<CrlFigures> {
        let figures = self.hosts().filter_map(|host| host.crls);
        figures.reduce(CrlFigures::and)
    }

    pub(crate) fn source(&self) -> Option<&Arc<dyn Source>> {
        self.0.source.as_ref()
    }

    pub(crate) fn handshake_timeout(&self) -> Duration {
        self.0.handshake_timeout
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    #[cfg(feature = "proxy-protocol")]
    pub(crate) fn proxy_protocol(&self) -> &ProxyProtocol {
        &self.0.proxy_protocol
    }

    /// With another default virtual host, such as a check of ours would have to catch.
    #[cfg(test)]
    pub(crate) fn with_host(self, change: impl FnOnce(&mut ActiveHost)) -> Self {
        let mut host = ActiveHost::clone(self.host(None));
        change(&mut host);
        let mut inner = Arc::into_inner(self.0).expect("nobody else has it yet");
        inner.hosts = SniMap::new(Arc::new(host));
        Self(Arc::new(inner))
    }

    pub(crate) fn trust_forwarded(&self) -> Option<&Arc<TrustForwarded>> {
        self.0.trust_forwarded.as_ref()
    }
}

impl fmt::Debug for MtlsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MtlsConfig")
            .field("client_auth", &self.host(None).client_auth)
            .field("handshake_timeout", &self.0.handshake_timeout)
            .field("limits", &self.0.limits)
            .finish_non_exhaustive()
    }
}

/// Where settings come from that can be loaded again.
pub(crate) trait Source: Send + Sync {
    /// Reads everything again.
    fn load_changed(self: Arc<Self>) -> Loading;

    /// Ends when a part of it announces that it has changed since it was loaded.
    fn changed(self: Arc<Self>) -> Changing;
}

/// A source that may announce a change.
pub(crate) type Changing = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A source that is being read.
pub(crate) type Loading = Pin<Box<dyn Future<Output = Result<Loaded, LoadError>> + Send>>;

/// What a source holds now.
pub(crate) struct Loaded {
    /// Settings, if anything has changed.
    pub(crate) config: Option<MtlsConfig>,
    /// What could not be fetched again, in sentences. What was there before stays in use.
    pub(crate) problems: Vec<String>,
}
