//! What is shown to clients and asked of them under one host name.

use std::sync::Arc;

use pki_core::verify::{ChainVerifier, Purpose, Revocation, Strictness, TrustAnchors};
use rustls::{ServerConfig, sign::SingleCertAndKey};
use time::OffsetDateTime;

use crate::{
    config::{client_auth::ClientAuth, error::ConfigError},
    handshake::{
        judge::{Judge, RevokedNow},
        provider::provider,
        session::Resumption,
        verifier::ClientVerifier,
    },
    observe::metrics::CrlFigures,
    rules::rule::Rule,
    sources::{identity::ServerIdentity, ocsp::OcspCheck},
};

/// The settings of one host name, for [`MtlsConfigBuilder::name`](crate::MtlsConfigBuilder::name);
/// each method says its default.
#[derive(Debug)]
#[must_use = "nothing is served by these settings before they are given to a builder"]
pub struct SiteConfig {
    pub(crate) identity: ServerIdentity,
    pub(crate) clients: Clients,
}

/// What is asked of clients.
#[derive(Debug)]
pub(crate) struct Clients {
    pub(crate) roots: TrustAnchors,
    pub(crate) auth: ClientAuth,
    pub(crate) revocation: Option<Revocation>,
    pub(crate) strictness: Strictness,
    pub(crate) max_depth: usize,
    pub(crate) rule: Option<Rule>,
    pub(crate) ocsp: Option<OcspCheck>,
}

impl SiteConfig {
    /// Shows `identity`, and asks clients for a certificate below one of these roots.
    pub fn new(identity: ServerIdentity, client_roots: TrustAnchors) -> Self {
        Self {
            identity,
            clients: Clients {
                roots: client_roots,
                auth: ClientAuth::Required,
                revocation: None,
                strictness: Strictness::default(),
                max_depth: 6,
                rule: None,
                ocsp: None,
            },
        }
    }

    /// Whether a certificate is required; it is.
    pub fn client_auth(mut self, client_auth: ClientAuth) -> Self {
        self.clients.auth = client_auth;
        self
    }

    /// Revocation lists and how they are used; none.
    ///
    /// [`Revocation`]'s own defaults judge the whole chain, and deny where no list covers a
    /// certificate or the list has expired.
    pub fn revocation(mut self, revocation: Revocation) -> Self {
        self.clients.revocation = Some(revocation);
        self
    }

    /// How certificates are judged; strictly.
    pub fn strictness(mut self, strictness: Strictness) -> Self {
        self.clients.strictness = strictness;
        self
    }

    /// Intermediates between the client's certificate and the root; 6 at most.
    pub fn max_depth(mut self, max_depth: usize) -> Self {
        self.clients.max_depth = max_depth;
        self
    }

    /// Asks the OCSP responder of each client's certificate, beside any revocation lists; no.
    ///
    /// It is asked when a connection begins, resumed ones included, after the TLS handshake: whoever
    /// is refused finds the connection closed, without an alert. Connections that are open are not
    /// asked about again. Keep a clone over reloads, so that answers are remembered.
    pub fn ocsp(mut self, check: OcspCheck) -> Self {
        self.clients.ocsp = Some(check);
        self
    }

    /// Who may send requests to this name; everybody whose certificate is good.
    ///
    /// A certificate that the rule denies, and a connection without any, are answered 403, as by
    /// [`RequireClientCert`](crate::RequireClientCert).
    pub fn rule(mut self, rule: Rule) -> Self {
        self.clients.rule = Some(rule);
        self
    }
}

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
        config: SiteConfig,
        policy: usize,
        shared: &Shared<'_>,
    ) -> Result<Self, ConfigError> {
        let SiteConfig { identity, clients } = config;
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
            .map_err(|error| ConfigError::Tls(Box::new(error)))?
            .with_client_cert_verifier(Arc::new(verifier))
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(
                identity.into_certified_key(),
            )));
        rustls.alpn_protocols = shared.alpn.to_vec();
        rustls.key_log = Arc::clone(shared.key_log);
        shared.resumption.apply(&mut rustls, &judge, clients.auth)?;
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

impl Clients {
    /// Whether a client that is let in by one of them is let in by the other.
    pub(crate) fn same(&self, other: &Self) -> bool {
        let Self {
            roots,
            auth,
            revocation,
            strictness,
            max_depth,
            rule,
            ocsp,
        } = self;
        let same_rule = match (rule, &other.rule) {
            (None, None) => true,
            (Some(a), Some(b)) => a.is(b),
            _ => false,
        };
        let same_lists = match (revocation, &other.revocation) {
            (None, None) => true,
            (Some(a), Some(b)) => a == b,
            _ => false,
        };
        // Two checks may ask different responders, and are not compared.
        let same_ocsp = ocsp.is_none() && other.ocsp.is_none();
        same_rule
            && same_lists
            && same_ocsp
            && (*auth, *strictness, *max_depth) == (other.auth, other.strictness, other.max_depth)
            && roots == &other.roots
    }
}
