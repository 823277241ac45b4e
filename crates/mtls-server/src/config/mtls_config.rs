//! Who may connect: settings that were checked, and do not change.

use std::{fmt, pin::Pin, sync::Arc, time::Duration};

use time::OffsetDateTime;

use crate::{
    config::{
        active_host::{Host, Site},
        error::LoadError,
        limits::Limits,
        sni_map::Names,
    },
    forwarded::trust::TrustForwarded,
    observe::metrics::CrlFigures,
    proxy_protocol::ProxyProtocol,
    verify::denylist::RevokedNow,
};

/// Everything the door needs to know, for each host name; immutable, and cheap to clone.
///
/// TLS 1.2 and 1.3 are spoken, with aws-lc-rs.
#[derive(Clone)]
pub struct MtlsConfig(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) sites: Names<Arc<Site>>,
    pub(super) hosts: Arc<Names<Host>>,
    pub(super) revoked: Arc<RevokedNow>,
    /// Where newer settings come from.
    pub(super) source: Option<Arc<dyn Source>>,
    pub(super) handshake_timeout: Duration,
    pub(super) limits: Limits,
    pub(super) proxy_protocol: ProxyProtocol,
    pub(super) trust_forwarded: Option<Arc<TrustForwarded>>,
}

impl MtlsConfig {
    /// The settings for the name that a client asks for (SNI).
    pub(crate) fn site(&self, server_name: Option<&str>) -> &Arc<Site> {
        self.0.sites.find(server_name)
    }

    pub(crate) fn sites(&self) -> impl Iterator<Item = &Arc<Site>> {
        self.0.sites.values()
    }

    pub(crate) fn hosts(&self) -> &Arc<Names<Host>> {
        &self.0.hosts
    }

    pub(crate) fn revoked(&self) -> &RevokedNow {
        &self.0.revoked
    }

    /// Takes over what was revoked under settings that are replaced by these.
    pub(crate) fn inherit(&self, earlier: &Self) {
        if !Arc::ptr_eq(&self.0, &earlier.0) {
            self.0.revoked.inherit(&earlier.0.revoked);
        }
    }

    /// The first end of a server certificate.
    pub(crate) fn identity_ends(&self) -> OffsetDateTime {
        let ends = self.sites().map(|site| site.identity_ends);
        ends.min().unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// Age and size of the CRLs of all names.
    pub(crate) fn crl_figures(&self) -> Option<CrlFigures> {
        let figures = self.sites().filter_map(|site| site.lists);
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

    pub(crate) fn proxy_protocol(&self) -> &ProxyProtocol {
        &self.0.proxy_protocol
    }

    pub(crate) fn trust_forwarded(&self) -> Option<&Arc<TrustForwarded>> {
        self.0.trust_forwarded.as_ref()
    }
}

impl fmt::Debug for MtlsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MtlsConfig")
            .field("client_auth", &self.site(None).client_auth)
            .field("handshake_timeout", &self.0.handshake_timeout)
            .field("limits", &self.0.limits)
            .finish_non_exhaustive()
    }
}

/// Where settings come from that can be loaded again.
pub(crate) trait Source: Send + Sync {
    /// Looks at everything again.
    fn load_changed(self: Arc<Self>) -> Loading;
}

/// A look at all that settings are made of.
pub(crate) type Loading = Pin<Box<dyn Future<Output = Result<Loaded, LoadError>> + Send>>;

/// What it found.
pub(crate) struct Loaded {
    /// Settings, if anything has changed.
    pub(crate) config: Option<MtlsConfig>,
    /// What could not be had anew, in sentences; what was there before counts on.
    pub(crate) problems: Vec<String>,
}
