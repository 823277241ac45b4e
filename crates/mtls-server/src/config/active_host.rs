//! What a handshake needs to know of one host name, ready to use.

use std::sync::Arc;

use pki_core::verify::{ChainVerifier, Purpose, Revocation};
use rustls::{ServerConfig, sign::SingleCertAndKey};
use time::OffsetDateTime;

use crate::{
    config::{error::ConfigError, virtual_host::VirtualHost},
    observe::metrics::CrlFigures,
    provider::provider,
    rules::rule::Rule,
    sources::ocsp::check::OcspCheck,
    verify::{
        client_auth::ClientAuth, denylist::RevokedNow, resumption::Resumption, session,
        verdict_cache::Judge, verifier::ClientVerifier,
    },
};

/// One host name's part of a generation.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) rustls: Arc<ServerConfig>,
    pub(crate) judge: Arc<Judge>,
    pub(crate) client_auth: ClientAuth,
    pub(crate) ocsp: Option<OcspCheck>,
    pub(crate) host: Host,
    pub(crate) lists: Option<CrlFigures>,
    pub(crate) identity_ends: OffsetDateTime,
}

/// What requests to a host name need to know; it outlives the generation in open connections, so
/// it holds neither roots nor lists.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    /// Names of one number ask the same of clients.
    pub(crate) policy: usize,
    pub(crate) rule: Option<Rule>,
}

impl Site {
    pub(crate) fn new(
        config: VirtualHost,
        policy: usize,
        shared: &Shared<'_>,
    ) -> Result<Self, ConfigError> {
        let VirtualHost { identity, clients } = config;
        let hints: Vec<_> = clients.roots.subjects().map(<[u8]>::to_vec).collect();
        let mut chain = ChainVerifier::builder(clients.roots, Purpose::TlsClient)
            .strictness(clients.strictness)
            .max_depth(clients.max_depth);
        let lists = clients.revocation.as_ref().map(Revocation::crls);
        let lists = lists.and_then(|lists| {
            Some(CrlFigures {
                this_update: lists.this_update()?,
                next_update: lists.next_update()?,
                entries: lists.entries(),
                memory: lists.memory(),
            })
        });
        if let Some(revocation) = clients.revocation {
            chain = chain.revocation(revocation);
        }
        let judge = Arc::new(Judge::new(chain.build(), Arc::clone(shared.revoked)));
        let mandatory = clients.auth == ClientAuth::Required;
        let verifier = ClientVerifier::new(Arc::clone(&judge), mandatory, hints);
        let identity_ends = identity.certificate().not_after();
        let mut rustls = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(tls)?
            .with_client_cert_verifier(Arc::new(verifier))
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(
                identity.certified_key(),
            ))));
        rustls.alpn_protocols = shared.alpn.to_vec();
        rustls.key_log = Arc::clone(shared.key_log);
        session::set_up(shared.resumption, &mut rustls, &judge, clients.auth).map_err(tls)?;
        Ok(Self {
            rustls: Arc::new(rustls),
            judge,
            client_auth: clients.auth,
            ocsp: clients.ocsp,
            lists,
            host: Host {
                policy,
                rule: clients.rule,
            },
            identity_ends,
        })
    }
}

/// The settings that all names of a generation share.
pub(crate) struct Shared<'a> {
    pub(crate) alpn: &'a [Vec<u8>],
    pub(crate) key_log: &'a Arc<dyn rustls::KeyLog>,
    pub(crate) resumption: Resumption,
    pub(crate) revoked: &'a Arc<RevokedNow>,
}

fn tls(error: rustls::Error) -> ConfigError {
    ConfigError::Tls(Box::new(error))
}
