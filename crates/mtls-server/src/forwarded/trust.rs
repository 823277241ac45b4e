//! Whose word about a client's certificate is taken.

use pki_core::verify::{ChainVerifier, Purpose};

use super::format::ForwardedFormat;
use crate::{peer::client_cert::ClientCert, rules::rule::Rule};

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

    /// Whether this client is a proxy that is trusted.
    pub(super) fn admits(&self, client: &ClientCert) -> bool {
        self.rule.decide(client).is_allowed()
    }

    /// Whoever verifies forwarded certificates again, if anybody does.
    pub(super) fn verifier(&self) -> Option<&ChainVerifier> {
        self.verifier.as_ref()
    }
}
