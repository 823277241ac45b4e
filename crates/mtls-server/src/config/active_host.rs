//! A virtual host with everything made that its handshakes need.

use std::sync::Arc;

use pki_core::verify::{ChainVerifier, Purpose, Revocation};
use rustls::{ServerConfig, sign::SingleCertAndKey};
use time::OffsetDateTime;
use x509_identity::PublicKeyAlgorithm;

#[cfg(feature = "ocsp")]
use crate::sources::ocsp::check::OcspCheck;
use crate::{
    config::{error::ConfigError, virtual_host::VirtualHost},
    observe::metrics::CrlFigures,
    rules::rule::Rule,
    verify::{
        client_auth::ClientAuth, denylist::Denylist, provider::provider, resumption::Resumption,
        session, verdict_cache::VerdictCache, verifier::ClientVerifier,
    },
};

/// One virtual host of a generation.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone))]
pub(crate) struct ActiveHost {
    pub(crate) rustls: Arc<ServerConfig>,
    pub(crate) verdicts: Arc<VerdictCache>,
    pub(crate) client_auth: ClientAuth,
    #[cfg(feature = "ocsp")]
    pub(crate) ocsp: Option<OcspCheck>,
    pub(crate) policy: HostPolicy,
    pub(crate) crls: Option<CrlFigures>,
    pub(crate) identity_ends: OffsetDateTime,
    /// The algorithm of the server's key, if TLS 1.3 alone can use it.
    pub(crate) tls13_key: Option<PublicKeyAlgorithm>,
}

/// What requests to a virtual host need to know. Open connections keep it beyond its generation, so
/// it holds neither trust anchors nor CRLs.
#[derive(Clone, Debug)]
pub(crate) struct HostPolicy {
    /// Virtual hosts with the same number ask the same of clients.
    pub(crate) class: usize,
    pub(crate) rule: Option<Rule>,
}

impl ActiveHost {
    pub(crate) fn new(
        config: VirtualHost,
        class: usize,
        shared: &SharedSettings<'_>,
    ) -> Result<Self, ConfigError> {
        let VirtualHost { identity, clients } = config;
        let hints: Vec<_> = clients.roots.subjects().map(<[u8]>::to_vec).collect();
        let mut chain = ChainVerifier::builder(clients.roots, Purpose::TlsClient)
            .strictness(clients.strictness)
            .max_depth(clients.max_depth);
        let crls = clients.revocation.as_ref().map(Revocation::crls);
        let crls = crls.and_then(|crls| {
            Some(CrlFigures {
                this_update: crls.this_update()?,
                next_update: crls.next_update()?,
                entries: crls.entries(),
                memory: crls.memory(),
            })
        });
        if let Some(cas) = clients.without_client_auth {
            chain = chain.accept_without_client_auth(cas);
        }
        if let Some(revocation) = clients.revocation {
            chain = chain.revocation(revocation);
        }
        let verdicts = Arc::new(VerdictCache::new(
            chain.build(),
            Arc::clone(shared.denylist),
        ));
        let mandatory = clients.auth == ClientAuth::Required;
        let verifier = ClientVerifier::new(Arc::clone(&verdicts), mandatory, hints);
        let identity_ends = identity.certificate().not_after();
        let key = identity.certificate().public_key_algorithm();
        let tls13_key = identity.needs_tls13().then_some(key);
        let mut rustls = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(tls)?
            .with_client_cert_verifier(Arc::new(verifier))
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(
                identity.certified_key(),
            ))));
        rustls.alpn_protocols = shared.alpn.to_vec();
        rustls.key_log = Arc::clone(shared.key_log);
        session::set_up(shared.resumption, &mut rustls, &verdicts, clients.auth).map_err(tls)?;
        Ok(Self {
            rustls: Arc::new(rustls),
            verdicts,
            client_auth: clients.auth,
            #[cfg(feature = "ocsp")]
            ocsp: clients.ocsp,
            crls,
            policy: HostPolicy {
                class,
                rule: clients.rule,
            },
            identity_ends,
            tls13_key,
        })
    }
}

/// The settings that all virtual hosts of a generation share.
pub(crate) struct SharedSettings<'a> {
    pub(crate) alpn: &'a [Vec<u8>],
    pub(crate) key_log: &'a Arc<dyn rustls::KeyLog>,
    pub(crate) resumption: Resumption,
    pub(crate) denylist: &'a Arc<Denylist>,
}

fn tls(error: rustls::Error) -> ConfigError {
    ConfigError::Tls(Box::new(error))
}
