//! What a CA of somebody else is asked for.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use pki_core::verify::RevocationReason;
use x509_identity::{Certificate, SerialNumber};

use crate::UpstreamError;

/// A CA whose key, serial numbers, CRLs and OCSP responder are somebody else's, and which signs what was approved here.
///
/// A [`Signer`](pki_core::Signer) signs bytes that are made here; an `UpstreamCa` makes the certificate itself. So nothing
/// that it returns may be given out before it was [held against](pki_core::Authority::check_returned) what was approved,
/// and recorded. `pki_store::CertificateAuthority::with_upstream` does both, and is what callers ask.
///
/// No method is called again by an implementation after an answer: what passes is tried again inside of it, if that
/// cannot issue twice.
pub trait UpstreamCa: fmt::Debug + Send + Sync {
    /// What it is called in the audit log: `OpenBao at https://bao.example.org, mount pki`.
    fn name(&self) -> String;

    /// Its own certificate, and those above it as far as it knows them.
    fn chain(&self) -> Answering<'_, Vec<Certificate>> {
        let error = UpstreamError::Unsupported {
            upstream: self.name(),
            reason: "it does not give its own certificate".to_owned(),
        };
        Box::pin(std::future::ready(Err(error)))
    }

    /// Asks for a certificate.
    fn issue<'a>(&'a self, request: &'a UpstreamRequest) -> Answering<'a, UpstreamAnswer>;

    /// Asks what became of a request that was [pending](UpstreamAnswer::Pending), by its handle.
    fn collect<'a>(&'a self, handle: &'a str) -> Answering<'a, UpstreamAnswer>;

    /// Has a certificate revoked. To be asked again is no error.
    fn revoke<'a>(
        &'a self,
        serial: &'a SerialNumber,
        reason: RevocationReason,
    ) -> Answering<'a, Revoked>;

    /// A page of the serial numbers that it has issued, after the one with the [`next`](Listed::next) before it: by these
    /// a certificate is found whose answer was lost. `None` from an upstream that knows no such list.
    fn list<'a>(&'a self, after: Option<&'a str>) -> Answering<'a, Option<Listed>>;

    /// The certificate with this number. `None` if there is none.
    fn certificate<'a>(
        &'a self,
        serial: &'a SerialNumber,
    ) -> Answering<'a, Option<UpstreamCertificate>>;

    /// For how long it knows a request by its [key](UpstreamRequest::idempotency_key): asked for the same once more by
    /// then, it issues nothing new, and answers as the first time. So a certificate is found whose answer was lost.
    /// `None`, the default, from an upstream that would issue a second certificate.
    fn remembers(&self) -> Option<Duration> {
        None
    }

    /// For how long a caller waits for what is [pending](UpstreamAnswer::Pending), if it is asked again so soon, before
    /// it is told that it is. By default it does not wait.
    fn patience(&self) -> Duration {
        Duration::ZERO
    }
}

/// What the methods of [`UpstreamCa`] return.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<T, UpstreamError>> + Send + 'a>>;

/// A certificate that was approved, and that an upstream is asked to sign.
#[derive(Clone, Debug)]
pub struct UpstreamRequest {
    /// The CSR, which proves that the applicant holds the key. Its names are only what it asks for.
    pub csr_der: Vec<u8>,
    /// What was approved, as a certificate without a signature: key, names, usages, validity period.
    pub approved: Certificate,
    /// The name of the profile within which it was approved.
    pub profile: String,
    /// The same if the same is asked for once more, and different for each certificate; 32 hexadecimal digits.
    pub idempotency_key: String,
}

/// What an upstream has made of a request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum UpstreamAnswer {
    /// A certificate, which nobody has checked yet.
    Issued(Box<Certificate>),
    /// It has not decided yet.
    Pending {
        /// By what [`collect`](UpstreamCa::collect) asks for it; at most 2,048 characters.
        handle: String,
        /// When to ask.
        retry_after: Duration,
    },
}

/// What became of a revocation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Revoked {
    /// It is revoked, now or since earlier.
    Done,
    /// The upstream has issued no certificate with this number, or has forgotten it since it expired.
    Unknown,
}

/// A page of serial numbers.
#[derive(Clone, Debug, Default)]
pub struct Listed {
    /// The numbers.
    pub serials: Vec<SerialNumber>,
    /// What to ask the next page with; `None` after the last one.
    pub next: Option<String>,
}

/// A certificate as the upstream has it.
#[derive(Clone, Debug)]
pub struct UpstreamCertificate {
    /// The certificate.
    pub certificate: Certificate,
    /// Whether it is revoked there.
    pub is_revoked: bool,
}
