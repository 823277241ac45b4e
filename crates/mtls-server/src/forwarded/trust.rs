//! Whose word about a client's certificate is taken, and what it said for one request.

use std::sync::{Arc, OnceLock};

use axum::http::HeaderMap;
use pki_core::verify::{ChainVerifier, Purpose};
use rustls::{
    pki_types::CertificateDer,
    time_provider::{DefaultTimeProvider, TimeProvider as _},
};

use super::{
    ForwardedClientCert, ForwardedError, ForwardedFormat,
    format::{Chain, Picked},
};
use crate::{
    connection::identity::ConnectionIdentity, observe::audit, peer::client_cert::ClientCert,
    rules::rule::Rule,
};

/// Trusts a proxy to say whose requests it forwards; see
/// [`trust_forwarded`](crate::MtlsConfigBuilder::trust_forwarded).
///
/// The proxy is whoever comes with a client certificate that matches the rule. Its word is taken:
/// unless [`verify`](Self::verify) is called, nobody here looks whether the certificate that it
/// forwards is trusted, valid or revoked. That the client holds the key can be known to the proxy
/// alone, in either case.
///
/// The proxy has to remove the header from what its clients send, and write its own. Everything
/// else that tells of a client certificate is removed here.
///
/// ```no_run
/// use axum::{Router, routing::get};
/// use mtls_server::{
///     ForwardedClientCert, ForwardedFormat, MtlsConfig, Rule, ServerIdentity, TrustForwarded, files,
/// };
///
/// async fn whoami(client: ForwardedClientCert) -> String {
///     format!("{}, says {}", client.subject(), client.via().subject())
/// }
///
/// # fn config() -> Result<(), Box<dyn std::error::Error>> {
/// let edge = Rule::spiffe("spiffe://example.org/edge/*")?.named("edge proxies");
/// let identity = ServerIdentity::from_files("server.crt", "server.key")?;
/// let config = MtlsConfig::builder(identity, files::client_roots("proxies-ca.crt")?)
///     .trust_forwarded(TrustForwarded::new(edge, ForwardedFormat::rfc9440()))
///     .build()?;
/// # let router: Router = Router::new().route("/whoami", get(whoami));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TrustForwarded {
    rule: Rule,
    format: ForwardedFormat,
    verifier: Option<ChainVerifier>,
}

impl TrustForwarded {
    /// Trusts proxies whose certificate matches `rule`, and reads this form.
    pub fn new(rule: Rule, format: ForwardedFormat) -> Self {
        Self {
            rule,
            format,
            verifier: None,
        }
    }

    /// Verifies each forwarded certificate again, with the issuers that came with it. Its purpose is
    /// to be [`Purpose::TlsClient`], or the settings make no server.
    ///
    /// This is against a proxy that verifies less than this server does, or has an older revocation
    /// list. Forms without a chain need clients whose issuer is itself trusted.
    #[must_use]
    pub fn verify(mut self, verifier: ChainVerifier) -> Self {
        self.verifier = Some(verifier);
        self
    }

    pub(crate) fn is_for_clients(&self) -> bool {
        let verifier = self.verifier.as_ref();
        verifier.is_none_or(|it| it.purpose() == Purpose::TlsClient)
    }

    pub(super) fn format(&self) -> &ForwardedFormat {
        &self.format
    }

    /// The proxy at the other end, if it is one.
    pub(super) fn judge<'a>(
        self: &'a Arc<Self>,
        connection: &'a ConnectionIdentity,
    ) -> Option<Proxy<'a>> {
        let client = connection.client()?;
        self.rule.judge(client).is_allowed().then_some(Proxy {
            trust: self,
            connection,
            client,
        })
    }
}

/// A proxy that is trusted.
pub(super) struct Proxy<'a> {
    trust: &'a Arc<TrustForwarded>,
    connection: &'a ConnectionIdentity,
    client: &'a ClientCert,
}

impl Proxy<'_> {
    pub(super) fn pick(&self, headers: &HeaderMap) -> Forwarded {
        Forwarded(Arc::new(Inner {
            trust: Arc::clone(self.trust),
            connection: self.connection.clone(),
            via: self.client.clone(),
            picked: self.trust.format.pick(headers),
            read: OnceLock::new(),
        }))
    }
}

/// What a trusted proxy said for one request: among its extensions, and read when a handler asks.
#[derive(Clone, Debug)]
pub(super) struct Forwarded(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    trust: Arc<TrustForwarded>,
    connection: ConnectionIdentity,
    via: ClientCert,
    picked: Picked,
    read: OnceLock<Read>,
}

type Read = Result<Option<ForwardedClientCert>, Arc<ForwardedError>>;

impl Forwarded {
    /// Reads it, the first time.
    pub(super) fn read(&self) -> &Read {
        self.0.read.get_or_init(|| {
            self.0.certificate().map_err(|error| {
                audit::unusable(&self.0.connection, &error);
                Arc::new(error)
            })
        })
    }
}

impl Inner {
    fn certificate(&self) -> Result<Option<ForwardedClientCert>, ForwardedError> {
        let Some(mut chain) = self.trust.format.read(&self.picked)? else {
            return Ok(None);
        };
        if let Some(verifier) = &self.trust.verifier {
            chain = verify(verifier, &chain)?;
        }
        ForwardedClientCert::new(chain, self.via.clone())
            .map(Some)
            .ok_or(ForwardedError::NoCertificate)
    }
}

/// The verified path, which may be another than what came.
fn verify(verifier: &ChainVerifier, chain: &Chain) -> Result<Chain, ForwardedError> {
    // The clock that rustls reads for the certificates of handshakes. Without it nothing is valid.
    let now = DefaultTimeProvider.current_time().unwrap_or(EPOCH);
    let presented: Vec<CertificateDer<'_>> = chain
        .iter()
        .map(|certificate| CertificateDer::from(certificate.der()))
        .collect();
    let (leaf, issuers) = presented
        .split_first()
        .ok_or(ForwardedError::NoCertificate)?;
    let path = verifier.verify(leaf, issuers, now);
    let path = path.map_err(ForwardedError::Refused)?;
    Ok(path.certificates().cloned().collect())
}

const EPOCH: rustls::pki_types::UnixTime =
    rustls::pki_types::UnixTime::since_unix_epoch(std::time::Duration::ZERO);
