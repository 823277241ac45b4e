//! Which proxies are trusted to forward client certificates.

use pki_core::verify::{ChainVerifier, Purpose};

use super::format::ForwardedFormat;
use crate::{peer::client_cert::ClientCert, rules::rule::Rule};

/// Trusts a proxy to say whose requests it forwards; see
/// [`trust_forwarded`](crate::MtlsConfigBuilder::trust_forwarded).
///
/// A client whose certificate matches the rule is taken for the proxy, and what it forwards is
/// trusted. Nobody checks whether the forwarded certificate is trusted, valid or revoked, unless
/// [`verify`](Self::verify) is called. In either case only the proxy can know whether the client
/// holds the key.
///
/// The proxy must remove the header from what its clients send, and write its own. All other headers
/// that claim a client certificate are removed here.
///
/// ```no_run
/// use axum::{Router, routing::get};
/// use mtls_server::{MtlsConfig, Rule, ServerIdentity, files, proxy::{ForwardedClientCert, ForwardedFormat, TrustForwarded}};
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

    /// Verifies each forwarded certificate again, with the issuers that were forwarded with it. The
    /// purpose of the verifier must be [`Purpose::TlsClient`], or the settings are refused.
    ///
    /// This helps if the proxy verifies less than this server would, or has an older CRL. With a form
    /// that does not forward a chain, the issuer of the client itself must be trusted.
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

    /// Whether this client is a trusted proxy.
    pub(super) fn admits(&self, client: &ClientCert) -> bool {
        self.rule.decide(client).is_allowed()
    }

    /// What verifies forwarded certificates again, if it is set.
    pub(super) fn verifier(&self) -> Option<&ChainVerifier> {
        self.verifier.as_ref()
    }
}
