//! A private CA in AWS as an upstream CA.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pki_core::CertificateRequest;
use pki_core::pem;
use pki_core::verify::RevocationReason;
use serde::Deserialize;
use serde_json::{Value, json};
use x509_identity::{Certificate, SerialNumber};

use super::api::Api;
use super::arn::CaArn;
use super::error::ApiError;
use super::words::{passthrough, reason, signing_algorithm};
use crate::retry::{Twice, retried_times};
use crate::serial::with_colons;
use crate::{
    Answering, Listed, Revoked, UpstreamAnswer, UpstreamCa, UpstreamCertificate, UpstreamError,
    UpstreamRequest,
};

/// A private CA in AWS.
///
/// `IssueCertificate` answers with the name of a certificate that does not exist yet: each answer is
/// [pending](UpstreamAnswer::Pending), and [`collect`](UpstreamCa::collect) asks for the certificate. Names, usages and
/// validity period are sent with each request, so that the template has to be of the kind `APIPassthrough`. A request
/// that is made again within five minutes issues nothing new, because AWS knows it by its idempotency token.
///
/// AWS has no list of the certificates of a CA.
#[derive(Debug)]
pub struct AcmPca {
    api: Api,
    arn: CaArn,
    template: String,
    templates: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Ordered {
    certificate_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Chain {
    certificate: String,
    #[serde(default)]
    certificate_chain: Option<String>,
}

impl AcmPca {
    /// The CA with this ARN.
    #[must_use]
    pub fn new(api: Api, arn: CaArn) -> Self {
        Self {
            api,
            template: arn.template(TEMPLATE),
            templates: BTreeMap::new(),
            arn,
        }
    }

    /// Another template than `BlankEndEntityCertificate_APIPassthrough/V1`, by its ARN or by what follows `template/` in
    /// it.
    #[must_use]
    pub fn template(mut self, name: &str) -> Self {
        self.template = self.arn.template(name);
        self
    }

    /// Another template for the certificates of this profile.
    #[must_use]
    pub fn template_for(mut self, profile: impl Into<String>, name: &str) -> Self {
        let template = self.arn.template(name);
        self.templates.insert(profile.into(), template);
        self
    }

    /// The certificate of the CA, and those above it up to the root.
    ///
    /// # Errors
    ///
    /// [`UpstreamError`] if the CA has none, or cannot be asked.
    pub async fn chain(&self) -> Result<Vec<Certificate>, UpstreamError> {
        let body = json!({ "CertificateAuthorityArn": self.arn.as_str() });
        let asked = || self.call::<Chain>("GetCertificateAuthorityCertificate", &body);
        let chain = retried_times(TIMES, Twice::Harmless, asked).await?;
        let mut all = vec![self.read(&chain.certificate)?];
        let above = chain.certificate_chain.unwrap_or_default();
        if !above.trim().is_empty() {
            let file = pem::read(above.as_bytes()).map_err(|error| self.unclear(error))?;
            let sections = file.only(pem::Label::is_certificate);
            for section in sections.map_err(|error| self.unclear(error))? {
                let der = section.der().map_err(|error| self.unclear(error))?;
                let certificate = Certificate::from_der(&der);
                all.push(certificate.map_err(|error| self.unclear(error))?);
            }
        }
        Ok(all)
    }

    async fn order(&self, request: &UpstreamRequest) -> Result<UpstreamAnswer, UpstreamError> {
        let unsupported = |reason: String| UpstreamError::Unsupported {
            upstream: self.name(),
            reason,
        };
        let approved = &request.approved;
        let csr = CertificateRequest::from_der(&request.csr_der);
        let csr = csr.map_err(|error| unsupported(error.to_string()))?;
        let template = self.templates.get(&request.profile);
        let at = |time: time::OffsetDateTime| json!({ "Type": "ABSOLUTE", "Value": time.unix_timestamp() });
        let body = json!({
            "CertificateAuthorityArn": self.arn.as_str(),
            "Csr": STANDARD.encode(csr.pem()),
            "SigningAlgorithm": signing_algorithm(approved).map_err(unsupported)?,
            "TemplateArn": template.unwrap_or(&self.template),
            "ApiPassthrough": passthrough(approved, &csr).map_err(unsupported)?,
            // Without it certificates begin an hour before they are issued.
            "ValidityNotBefore": at(approved.not_before()),
            "Validity": at(approved.not_after()),
            "IdempotencyToken": request.idempotency_key,
        });
        let asked = || self.call::<Ordered>("IssueCertificate", &body);
        // Its token makes the second request the same as the first one.
        let ordered = retried_times(TIMES, Twice::Harmless, asked).await?;
        let handle = ordered.certificate_arn;
        match self.arn.has_issued(&handle) {
            true => Ok(UpstreamAnswer::Pending {
                handle,
                retry_after: AT_FIRST,
            }),
            false => Err(self.unclear(format!(
                "`{}` is not the ARN of a certificate of this CA",
                handle.chars().take(200).collect::<String>().escape_debug()
            ))),
        }
    }

    async fn fetch(&self, handle: &str) -> Result<UpstreamAnswer, UpstreamError> {
        if !self.arn.has_issued(handle) {
            return Err(UpstreamError::Unsupported {
                upstream: self.name(),
                reason: format!("`{}` is no certificate of it", handle.escape_debug()),
            });
        }
        let body =
            json!({ "CertificateAuthorityArn": self.arn.as_str(), "CertificateArn": handle });
        let asked = || async {
            let found = self.api.call::<Chain>("GetCertificate", &body).await;
            match found {
                Ok(found) => Ok(Some(found)),
                Err(error) if error.code() == IN_PROGRESS => Ok(None),
                // It knows its own ARNs: one that it does not find yet is being issued.
                Err(error) if error.code() == NOT_FOUND => Err(UpstreamError::Unavailable {
                    upstream: self.name(),
                    source: error.into(),
                }),
                Err(error) => Err(error.of(&self.name())),
            }
        };
        match retried_times(TIMES, Twice::Harmless, asked).await? {
            Some(found) => {
                let certificate = Box::new(self.read(&found.certificate)?);
                Ok(UpstreamAnswer::Issued(certificate))
            }
            None => Ok(UpstreamAnswer::Pending {
                handle: handle.to_owned(),
                retry_after: LATER,
            }),
        }
    }

    async fn revoked(
        &self,
        serial: &SerialNumber,
        why: RevocationReason,
    ) -> Result<Revoked, UpstreamError> {
        let body = json!({
            "CertificateAuthorityArn": self.arn.as_str(),
            "CertificateSerial": with_colons(serial),
            "RevocationReason": reason(why),
        });
        let asked = || async {
            match self.api.call::<Value>("RevokeCertificate", &body).await {
                Ok(_) => Ok(Revoked::Done),
                Err(error) if error.code() == "RequestAlreadyProcessedException" => {
                    Ok(Revoked::Done)
                }
                Err(error) if error.code() == NOT_FOUND => Ok(Revoked::Unknown),
                // Told again until it says that it is done.
                Err(error) if matches!(error.code(), IN_PROGRESS | "RequestFailedException") => {
                    Err(UpstreamError::Unavailable {
                        upstream: self.name(),
                        source: error.into(),
                    })
                }
                Err(error) => Err(error.of(&self.name())),
            }
        };
        match retried_times(TIMES, Twice::Harmless, asked).await? {
            // It says the same where it does not find the CA.
            Revoked::Unknown => self.chain().await.map(|_| Revoked::Unknown),
            done => Ok(done),
        }
    }

    async fn call<T: serde::de::DeserializeOwned>(
        &self,
        action: &'static str,
        body: &Value,
    ) -> Result<T, UpstreamError> {
        let answer = self.api.call(action, body).await;
        answer.map_err(|error: ApiError| error.of(&self.name()))
    }

    fn read(&self, pem: &str) -> Result<Certificate, UpstreamError> {
        Certificate::from_pem(pem.as_bytes()).map_err(|error| self.unclear(error))
    }

    fn unclear(
        &self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> UpstreamError {
        UpstreamError::Unclear {
            upstream: self.name(),
            source: source.into(),
        }
    }
}

impl UpstreamCa for AcmPca {
    fn name(&self) -> String {
        self.to_string()
    }

    fn chain(&self) -> Answering<'_, Vec<Certificate>> {
        Box::pin(Self::chain(self))
    }

    fn issue<'a>(&'a self, request: &'a UpstreamRequest) -> Answering<'a, UpstreamAnswer> {
        Box::pin(self.order(request))
    }

    fn collect<'a>(&'a self, handle: &'a str) -> Answering<'a, UpstreamAnswer> {
        Box::pin(self.fetch(handle))
    }

    fn revoke<'a>(
        &'a self,
        serial: &'a SerialNumber,
        reason: RevocationReason,
    ) -> Answering<'a, Revoked> {
        Box::pin(self.revoked(serial, reason))
    }

    /// It has none.
    fn list<'a>(&'a self, _: Option<&'a str>) -> Answering<'a, Option<Listed>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    /// It is not asked for certificates by their numbers.
    fn certificate<'a>(
        &'a self,
        _: &'a SerialNumber,
    ) -> Answering<'a, Option<UpstreamCertificate>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    /// Five minutes by AWS's word, and less here, as no two clocks agree.
    fn remembers(&self) -> Option<Duration> {
        Some(Duration::from_secs(270))
    }

    /// It mostly takes a second or two.
    fn patience(&self) -> Duration {
        Duration::from_secs(8)
    }
}

/// `AWS Private CA arn:aws:acm-pca:eu-central-1:111122223333:certificate-authority/...`.
impl fmt::Display for AcmPca {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AWS Private CA {}", self.arn)
    }
}

/// It takes subject, names and usages from the request, and adds nothing but identifiers of keys, a basic constraint and
/// where CRLs are.
const TEMPLATE: &str = "BlankEndEntityCertificate_APIPassthrough/V1";

const IN_PROGRESS: &str = "RequestInProgressException";
const NOT_FOUND: &str = "ResourceNotFoundException";

/// How often it is asked, if what keeps it from answering passes.
const TIMES: usize = 4;

/// When to ask for a certificate: after its order, and if it was not there.
const AT_FIRST: Duration = Duration::from_secs(1);
const LATER: Duration = Duration::from_secs(2);
