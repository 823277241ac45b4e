//! What an EST client sends and gets.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cms::content_info::ContentInfo;
use cms::signed_data::SignedData;
use der::{Decode as _, Encode as _};
use pki_core::{CertificateRequest, KeyPair};
use reqwest::{RequestBuilder, Response};
use x509_identity::{Certificate, SubjectAltName};

use super::enrollment::{Enrolling, Presented, csr};

impl Enrolling {
    /// An enrolment with this body.
    pub fn est(
        &self,
        presented: Option<&Presented>,
        operation: &str,
        body: impl Into<reqwest::Body>,
    ) -> RequestBuilder {
        let request = self.client(presented).post(self.est_url(operation));
        request
            .header("content-type", "application/pkcs10")
            .body(body)
    }

    pub fn est_url(&self, operation: &str) -> String {
        self.url(&format!("/.well-known/est/{operation}"))
    }

    /// The same with a token as password.
    pub async fn est_enroll(&self, token: &str, body: &str) -> Response {
        let request = self.est(None, "simpleenroll", body.to_owned());
        let request = request.basic_auth("router-1", Some(token));
        request.send().await.unwrap()
    }
}

/// A CSR as strongSwan and libest send it.
pub fn est_csr(key: &KeyPair, name: &str, sans: &[SubjectAltName]) -> String {
    let request = CertificateRequest::from_pem(csr(key, name, sans).as_bytes()).unwrap();
    STANDARD.encode(request.der())
}

/// The certificates in the body of a good response, which is one line.
#[track_caller]
pub fn certificates(response: Response) -> impl Future<Output = Vec<Certificate>> {
    let place = std::panic::Location::caller();
    async move {
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        assert_eq!(status.as_u16(), 200, "{place}: {text}");
        assert_eq!(headers["content-length"], text.len().to_string());
        let line = text.strip_suffix('\n').unwrap();
        let info = ContentInfo::from_der(&STANDARD.decode(line).unwrap()).unwrap();
        let signed: SignedData = info.content.decode_as().unwrap();
        let certificates = signed.certificates.unwrap().0.into_vec().into_iter();
        let read = certificates.map(|it| Certificate::from_der(&it.to_der().unwrap()).unwrap());
        read.collect()
    }
}

/// The text of a refusal.
#[track_caller]
pub fn plainly_refused(response: Response, status: u16) -> impl Future<Output = String> {
    let place = std::panic::Location::caller();
    async move {
        let (found, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        assert_eq!(found.as_u16(), status, "{place}: {text}");
        assert_eq!(headers["content-type"], "text/plain; charset=utf-8");
        assert!(text.len() > 10 && text.ends_with('\n'), "{place}: {text}");
        text
    }
}

/// That somebody without a credential is told to bring a password, and nothing else, as BouncyCastle wants it.
#[track_caller]
pub fn password_wanted(response: Response) -> impl Future<Output = ()> {
    let place = std::panic::Location::caller();
    async move {
        let (found, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        assert_eq!(found.as_u16(), 401, "{place}: {text}");
        assert_eq!(headers["www-authenticate"], "Basic realm=\"enrolment\"");
        assert_eq!(headers["content-length"], "0", "{place}");
        assert_eq!(text, "", "{place}");
    }
}
