//! A certificate that was issued, and whether it is the one that was asked for.

use std::fmt;

use pki_core::CertificateRequest;
use pki_core::certificate_pem;
use pki_core::verify::{ChainVerifier, Path, Purpose, TrustAnchors, VerifyError};
use rustls::pki_types::{CertificateDer, UnixTime};
use time::OffsetDateTime;
use x509_identity::Certificate;

use super::error::EnrollError;

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

/// What a server has given, which nobody has looked at yet.
pub(super) struct Received {
    /// The certificates that it says it has issued. The one for the key that was asked for is meant.
    pub(super) issued: Vec<CertificateDer<'static>>,
    /// Those above it, and perhaps more.
    pub(super) above: Vec<CertificateDer<'static>>,
    /// The certificate and those that the server would have presented with it, if it says so.
    pub(super) chain_pem: Option<String>,
    pub(super) roots_pem: String,
    /// How far the server's clock is ahead.
    pub(super) ahead: time::Duration,
}

impl Received {
    /// What was issued, if it is for the key of `request`, and leads to a root that is trusted already.
    pub(super) fn judged(
        self,
        request: &CertificateRequest,
        trusted: &TrustAnchors,
    ) -> Result<Enrolled, EnrollError> {
        let mut other = None;
        for der in &self.issued {
            let certificate = Certificate::from_der(der).map_err(|error| unsound(&error))?;
            if certificate.spki_der() != request.public_key_der() {
                other = Some(certificate);
                continue;
            }
            let path = self.path(der, trusted).map_err(|error| unsound(&error))?;
            TrustAnchors::from_pem(self.roots_pem.as_bytes()).map_err(|error| unsound(&error))?;
            let chain = || {
                let above = path.intermediates().iter().map(AsRef::as_ref);
                let chain = std::iter::once(&certificate).chain(above);
                chain.map(certificate_pem).collect()
            };
            return Ok(Enrolled {
                chain_pem: self.chain_pem.unwrap_or_else(chain),
                certificate,
                roots_pem: self.roots_pem,
            });
        }
        Err(match other {
            Some(_) => unsound(&"it is for another key"),
            None => unsound(&"there is none"),
        })
    }

    fn path(&self, leaf: &CertificateDer<'_>, trusted: &TrustAnchors) -> Result<Path, VerifyError> {
        // By the CA's clock: a new certificate may not be valid yet by a clock that is slow.
        let now = OffsetDateTime::now_utc().saturating_add(self.ahead);
        let since_1970 = (now - OffsetDateTime::UNIX_EPOCH).try_into();
        let now = since_1970.map_or_else(|_| UnixTime::now(), UnixTime::since_unix_epoch);
        let verified = |purpose| {
            let verifier = ChainVerifier::builder(trusted.clone(), purpose).build();
            verifier.verify(leaf, &self.above, now)
        };
        verified(Purpose::TlsClient)
            .or_else(|error| verified(Purpose::TlsServer).map_err(|_| error))
    }
}

pub(super) fn unsound(error: &dyn fmt::Display) -> EnrollError {
    EnrollError::Unsound(error.to_string())
}
