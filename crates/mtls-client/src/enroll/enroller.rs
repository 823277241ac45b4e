//! Asking a CA for a certificate.

use std::fmt;

use http::{Method, StatusCode, Uri};
use pki_core::CertificateRequest;
use pki_core::verify::{ChainVerifier, Purpose, TrustAnchors};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::UnixTime;
use rustls::pki_types::pem::PemObject as _;
use serde::Deserialize;
use serde_json::json;
use time::OffsetDateTime;
use tls_identity::Identity as ClientIdentity;
use x509_identity::Certificate;

use super::channel::{Answer, Channel};
use super::error::EnrollError;
use crate::connect::connector::Connector;
use crate::identities::Identities;

/// Gets certificates from the enrolment server of a CA (`mtls serve --enroll`).
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
#[derive(Debug)]
pub struct Enroller {
    base: String,
    roots: TrustAnchors,
    anonymous: Connector,
}

/// A certificate that was issued, and found to be the one that was asked for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Enrolled {
    /// The certificate.
    pub certificate: Certificate,
    /// The certificate and those between it and the root, as PEM.
    pub chain_pem: String,
    /// What the CA says is to be trusted, as PEM.
    pub roots_pem: String,
}

/// When the CA would have a certificate renewed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub struct RenewalWindow {
    /// Not before.
    #[serde(with = "time::serde::rfc3339")]
    pub start: OffsetDateTime,
    /// Not after.
    #[serde(with = "time::serde::rfc3339")]
    pub end: OffsetDateTime,
}

#[derive(Deserialize)]
struct Issued {
    chain: String,
    roots: String,
}

#[derive(Deserialize)]
struct Pending {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RenewalInfo {
    suggested_window: RenewalWindow,
}

impl Enroller {
    /// The server at `url`, `https://HOST[:PORT]`, if its chain ends in one of `roots`. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`EnrollError::Url`].
    pub fn new(url: &str, roots: TrustAnchors) -> Result<Self, EnrollError> {
        let wrong = || EnrollError::Url(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let authority = uri.authority().ok_or_else(wrong)?;
        let bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        if uri.scheme_str() != Some("https") || !bare || authority.as_str().contains('@') {
            return Err(wrong());
        }
        let anonymous = Connector::builder(roots.clone(), Identities::none()).build();
        Ok(Self {
            base: format!("https://{authority}"),
            roots,
            anonymous: anonymous.map_err(EnrollError::Settings)?,
        })
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
        let channel = self.channel(&self.anonymous);
        let body = json!({ "csr": request.pem() }).to_string();
        let mut answer = channel
            .send(Method::POST, "/v1/enroll", Some(token), Some(body))
            .await?;
        while answer.status == StatusCode::ACCEPTED {
            let pending: Pending = answer.json()?;
            // It becomes part of a path.
            if pending.id.is_empty() || !pending.id.bytes().all(|c| c.is_ascii_alphanumeric()) {
                return Err(EnrollError::Answer("the number of the request".into()));
            }
            let path = format!("/v1/requests/{}", pending.id);
            tokio::time::sleep(answer.retry_after()).await;
            // The CA may be gone for a while, and the request stays.
            match channel.send(Method::GET, &path, Some(token), None).await {
                Ok(next) if is_passing(next.status) => {
                    tracing::warn!(target: "mtls_client", status = next.status.as_u16(), "asking again");
                }
                Ok(next) => answer = next,
                Err(EnrollError::Connect(error)) => {
                    tracing::warn!(target: "mtls_client", "asking again: {error}");
                }
                Err(error) => return Err(error),
            }
        }
        self.issued(&answer, request)
    }

    /// Asks for a certificate with the names of `identity`, which is presented, for the key of `request`.
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
        let body = json!({ "csr": request.pem() }).to_string();
        let channel = self.channel(&connector);
        let answer = channel
            .send(Method::POST, "/v1/renew", None, Some(body))
            .await?;
        self.issued(&answer, request)
    }

    /// Presents a certificate to the server, and asks for nothing but the CA's certificates.
    ///
    /// # Errors
    ///
    /// [`EnrollError::NotAccepted`] if the server refuses it.
    pub async fn try_identity(&self, identity: ClientIdentity) -> Result<(), EnrollError> {
        let connector = self.presenting(identity)?;
        let channel = self.channel(&connector);
        let answer = channel.send(Method::GET, "/v1/ca", None, None).await;
        let answer = answer.map_err(|error| match error {
            EnrollError::Connect(error) if is_refusal(&error) => EnrollError::NotAccepted(error),
            other => other,
        })?;
        match answer.status {
            StatusCode::OK => Ok(()),
            _ => Err(answer.refusal()),
        }
    }

    /// When the CA would have this certificate renewed.
    ///
    /// # Errors
    ///
    /// [`EnrollError`] if the CA cannot be asked, or does not know the certificate.
    pub async fn renewal_window(
        &self,
        certificate: &Certificate,
    ) -> Result<RenewalWindow, EnrollError> {
        let path = format!("/v1/renewal-info/{}", certificate.serial());
        let channel = self.channel(&self.anonymous);
        let answer = channel.send(Method::GET, &path, None, None).await?;
        match answer.status {
            StatusCode::OK => Ok(answer.json::<RenewalInfo>()?.suggested_window),
            _ => Err(answer.refusal()),
        }
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

    /// What was issued, if it is for the key that was asked for, and leads to a root that is trusted already.
    fn issued(
        &self,
        answer: &Answer,
        request: &CertificateRequest,
    ) -> Result<Enrolled, EnrollError> {
        if !answer.status.is_success() {
            return Err(answer.refusal());
        }
        let issued: Issued = answer.json()?;
        let unsound = |error: &dyn fmt::Display| EnrollError::Unsound(error.to_string());
        let chain = CertificateDer::pem_slice_iter(issued.chain.as_bytes());
        let chain = chain.collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| unsound(&error))?;
        let (leaf, above) = chain
            .split_first()
            .ok_or_else(|| unsound(&"there is none"))?;
        let certificate = Certificate::from_der(leaf).map_err(|error| unsound(&error))?;
        if certificate.spki_der() != request.public_key_der() {
            return Err(unsound(&"it is for another key"));
        }
        let now = UnixTime::now();
        let verified = |purpose| {
            let verifier = ChainVerifier::builder(self.roots.clone(), purpose).build();
            verifier.verify(leaf, above, now).map(drop)
        };
        verified(Purpose::TlsClient)
            .or_else(|error| verified(Purpose::TlsServer).map_err(|_| error))
            .map_err(|error| unsound(&error))?;
        TrustAnchors::from_pem(issued.roots.as_bytes()).map_err(|error| unsound(&error))?;
        Ok(Enrolled {
            certificate,
            chain_pem: issued.chain,
            roots_pem: issued.roots,
        })
    }
}

/// What is over after a while.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error()
        || status == StatusCode::TOO_MANY_REQUESTS
        || status == StatusCode::REQUEST_TIMEOUT
}

fn is_refusal(error: &crate::Error) -> bool {
    use crate::ErrorKind as K;
    matches!(
        error.kind(),
        K::IdentityRejected { .. } | K::IdentityInvalid
    )
}
