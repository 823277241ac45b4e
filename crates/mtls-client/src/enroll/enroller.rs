//! Asking a CA for a certificate.

use std::fmt;
use std::sync::Arc;

use http::Uri;
use pki_core::CertificateRequest;
use pki_core::verify::TrustAnchors;
use time::OffsetDateTime;
use tls_identity::Identity as ClientIdentity;
use x509_identity::Certificate;

use super::channel::{Call, Channel, Secret};
use super::enrolled::Enrolled;
use super::error::{EnrollError, is_refusal};
use super::evidence::{Attester, EvidencePurpose, Made, Unanswered};
use super::plan::RenewalPlan;
use super::window::RenewalWindow;
use super::{est, json};
use crate::connect::connector::Connector;
use crate::identities::Identities;

/// Gets certificates from the enrolment server of a CA: from `mtls serve --enroll`, or from any server of EST (RFC 7030).
///
/// ```no_run
/// use mtls_client::{CertificateRequest, Enroller, KeyKind, KeyPair, TrustAnchors};
///
/// # async fn run(roots: TrustAnchors, token: &str) -> Result<(), Box<dyn std::error::Error>> {
/// let key = KeyPair::generate(KeyKind::P256)?;
/// let request = CertificateRequest::build(&key, &"CN=sensor-7".parse()?, &[])?;
/// let enrolled = Enroller::new("https://ca.example.org:8444", roots)?.enroll(token, &request).await?;
/// println!("{}", enrolled.chain_pem);
/// # Ok(())
/// # }
/// ```
pub struct Enroller {
    base: String,
    protocol: Protocol,
    user: String,
    attester: Option<Arc<dyn Attester>>,
    unanswered: Unanswered,
    /// Other servers to try a certificate at.
    services: Vec<String>,
    roots: TrustAnchors,
    anonymous: Connector,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Protocol {
    Est,
    Json,
}

impl Enroller {
    /// The server at `url`, if its chain ends in one of `roots`. Nothing is sent yet.
    ///
    /// `https://HOST[:PORT]` is `mtls serve --enroll`. `https://HOST[:PORT]/.well-known/est` is a server of EST, and what
    /// follows after another `/` is its label, such as a profile. Certificates that EST gives have to end in one of
    /// `roots`, too.
    ///
    /// # Errors
    ///
    /// [`EnrollError::Url`].
    pub fn new(url: &str, roots: TrustAnchors) -> Result<Self, EnrollError> {
        let wrong = || EnrollError::Url(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let authority = uri.authority().ok_or_else(wrong)?;
        if uri.scheme_str() != Some("https")
            || uri.query().is_some()
            || authority.as_str().contains('@')
        {
            return Err(wrong());
        }
        let (protocol, path) = protocol_of(uri.path()).ok_or_else(wrong)?;
        let anonymous = Connector::builder(roots.clone(), Identities::none()).build();
        Ok(Self {
            base: format!("https://{authority}{path}"),
            protocol,
            user: String::new(),
            attester: None,
            unanswered: Unanswered::default(),
            services: Vec::new(),
            roots,
            anonymous: anonymous.map_err(EnrollError::Settings)?,
        })
    }

    /// Has this name as the user of EST, whose password the token is; none by default. JSON has no users.
    #[must_use]
    pub fn user(mut self, name: impl Into<String>) -> Self {
        self.user = name.into();
        self
    }

    /// Sends evidence of `attester` with each request, for profiles that ask for it; none by default. Other profiles refuse
    /// it, and EST has no place for it.
    #[must_use]
    pub fn attester(mut self, attester: Arc<dyn Attester>) -> Self {
        self.attester = Some(attester);
        self
    }

    /// Has [`try_identity`](Self::try_identity) present a certificate to this server, too: one that it is for,
    /// `https://HOST[:PORT]/PATH`. There may be several. Their certificates have to end in one of the roots.
    ///
    /// # Errors
    ///
    /// [`EnrollError::Url`].
    pub fn trying(mut self, url: &str) -> Result<Self, EnrollError> {
        let is_usable = |uri: &Uri| {
            let authority = uri.authority().map(|it| it.as_str());
            uri.scheme_str() == Some("https") && authority.is_some_and(|it| !it.contains('@'))
        };
        match url.parse::<Uri>().ok().filter(is_usable) {
            Some(uri) => self.services.push(uri.to_string()),
            None => return Err(EnrollError::Url(url.to_owned())),
        }
        Ok(self)
    }

    /// Asks for a certificate with a token. If somebody has to approve, it waits for that, for as long as the CA does.
    ///
    /// The same request with the same token gets the same certificate, so it may be repeated if the answer was lost.
    ///
    /// # Errors
    ///
    /// [`EnrollError::Refused`] with the CA's reason, and others.
    pub async fn enroll(
        &self,
        token: &str,
        request: &CertificateRequest,
    ) -> Result<Enrolled, EnrollError> {
        self.ask(&self.channel(&self.anonymous), Some(token), request)
            .await
    }

    /// Asks for a certificate with the names of `identity`, which is presented, for the key of `request`. If the CA has to
    /// decide about it, it waits for that, for as long as `identity` is accepted.
    ///
    /// # Errors
    ///
    /// [`EnrollError::Refused`] with the CA's reason, and others.
    pub async fn renew(
        &self,
        identity: ClientIdentity,
        request: &CertificateRequest,
    ) -> Result<Enrolled, EnrollError> {
        let connector = self.presenting(identity)?;
        self.ask(&self.channel(&connector), None, request).await
    }

    /// Presents a certificate to the server, and asks for nothing but the CA's certificates. Then it asks each server of
    /// [`trying`](Self::trying) for its URL; one that cannot be reached decides nothing, and neither does its answer.
    ///
    /// # Errors
    ///
    /// [`EnrollError::NotAccepted`] if a server refuses the certificate.
    pub async fn try_identity(&self, identity: ClientIdentity) -> Result<(), EnrollError> {
        let connector = self.presenting(identity)?;
        let channel = self.channel(&connector);
        let answer = match self.protocol {
            Protocol::Est => est::present(&channel).await,
            Protocol::Json => json::present(&channel).await,
        };
        answer.map_err(|error| match error {
            EnrollError::Connect(error) if is_refusal(&error) => EnrollError::NotAccepted(error),
            other => other,
        })?;
        for url in &self.services {
            let service = Channel {
                connector: &connector,
                base: "",
            };
            match service.send(&Call::get(url)).await {
                Ok(_) => {}
                Err(EnrollError::Connect(error)) if is_refusal(&error) => {
                    return Err(EnrollError::NotAccepted(error));
                }
                Err(error) => {
                    tracing::warn!(target: "mtls_client", url, "the certificate was not tried: {error}");
                }
            }
        }
        Ok(())
    }

    /// When the CA would have this certificate renewed, by the clock of this machine: if that differs from the CA's by 3
    /// seconds or more, the CA's is taken to be right.
    ///
    /// EST does not say. There it is around two thirds of the validity period.
    ///
    /// # Errors
    ///
    /// [`EnrollError`] if the CA cannot be asked, or does not know the certificate.
    pub async fn renewal_window(
        &self,
        certificate: &Certificate,
    ) -> Result<RenewalWindow, EnrollError> {
        let channel = self.channel(&self.anonymous);
        match self.protocol {
            Protocol::Est => {
                let window = RenewalPlan::of(certificate).window();
                Ok(window.by_clock_behind(est::clock_ahead(&channel).await?))
            }
            Protocol::Json => json::renewal_window(&channel, certificate).await,
        }
    }

    /// Whether a certificate has expired by the CA's clock.
    pub(super) async fn is_over(&self, certificate: &Certificate) -> Result<bool, EnrollError> {
        let channel = self.channel(&self.anonymous);
        let ahead = match self.protocol {
            Protocol::Est => est::clock_ahead(&channel).await?,
            Protocol::Json => json::clock_ahead(&channel, certificate).await?,
        };
        let now = OffsetDateTime::now_utc().saturating_add(ahead);
        Ok(certificate.not_after() < now)
    }

    /// Asks by a token for a first certificate, and without one for the next. If the evidence that goes with the request had
    /// been sent before, and was too old when it came, it is made anew.
    async fn ask(
        &self,
        channel: &Channel<'_>,
        token: Option<&str>,
        request: &CertificateRequest,
    ) -> Result<Enrolled, EnrollError> {
        let purpose = match token {
            Some(_) => EvidencePurpose::Enroll,
            None => EvidencePurpose::Renew,
        };
        loop {
            let made = self.evidence(purpose, request).await?;
            let evidence = made.as_ref().map(|it| &it.json);
            let received = match (self.protocol, token) {
                (Protocol::Est, Some(password)) => {
                    let user = &self.user;
                    let secret = Secret::Basic { user, password };
                    est::enroll(channel, secret, request, &self.roots).await
                }
                (Protocol::Est, None) => est::renew(channel, request, &self.roots).await,
                (Protocol::Json, Some(token)) => {
                    json::enroll(channel, token, request, evidence).await
                }
                (Protocol::Json, None) => json::renew(channel, request, evidence).await,
            };
            if !self.unanswered.is_stale(made.as_ref(), &received) {
                return received?.judged(request, &self.roots);
            }
        }
    }

    /// What goes with a request, if somebody makes evidence: the same again for one that had no answer.
    async fn evidence(
        &self,
        purpose: EvidencePurpose,
        request: &CertificateRequest,
    ) -> Result<Option<Made>, EnrollError> {
        let Some(attester) = &self.attester else {
            return Ok(None);
        };
        if self.protocol == Protocol::Est {
            return Err(EnrollError::Evidence("EST has no place for it".into()));
        }
        if let Some(made) = self.unanswered.of(purpose, request) {
            return Ok(Some(made));
        }
        let channel = self.channel(&self.anonymous);
        let json = json::evidence(&channel, attester, purpose, request).await?;
        let made = Made::new(purpose, request, json);
        self.unanswered.put(&made);
        Ok(Some(made))
    }

    fn channel<'a>(&'a self, connector: &'a Connector) -> Channel<'a> {
        Channel {
            connector,
            base: &self.base,
        }
    }

    fn presenting(&self, identity: ClientIdentity) -> Result<Connector, EnrollError> {
        let connector = Connector::builder(self.roots.clone(), identity);
        connector.build().map_err(EnrollError::Settings)
    }
}

impl fmt::Debug for Enroller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enroller")
            .field("base", &self.base)
            .field("protocol", &self.protocol)
            .field("user", &self.user)
            .field("services", &self.services)
            .finish_non_exhaustive()
    }
}

/// By the path of a URL: what is spoken there, and below which path.
fn protocol_of(path: &str) -> Option<(Protocol, &str)> {
    if matches!(path, "" | "/") {
        return Some((Protocol::Json, ""));
    }
    let path = path.strip_suffix('/').unwrap_or(path);
    let label = path.strip_prefix(est::WELL_KNOWN)?;
    let is_label = |label: &str| !label.is_empty() && !label.contains('/');
    let known = label.is_empty() || label.strip_prefix('/').is_some_and(is_label);
    known.then_some((Protocol::Est, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_says_what_is_spoken() {
        let est = Protocol::Est;
        for (path, spoken) in [
            ("", Some((Protocol::Json, ""))),
            ("/", Some((Protocol::Json, ""))),
            ("/.well-known/est", Some((est, "/.well-known/est"))),
            ("/.well-known/est/", Some((est, "/.well-known/est"))),
            (
                "/.well-known/est/router",
                Some((est, "/.well-known/est/router")),
            ),
            ("/.well-known/est/a/b", None),
            ("/.well-known/est//", None),
            ("/.well-known/estuary", None),
            ("/est", None),
            ("/v1", None),
        ] {
            assert_eq!(protocol_of(path), spoken, "{path}");
        }
    }
}
