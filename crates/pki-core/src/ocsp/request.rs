use der::Encode;
use time::Duration;
use x509_identity::Certificate;

use super::asn1::{self, CertId, TbsRequest, V1};
use super::{CertIdHash, Nonce, OcspError};
use crate::verify::Revocation;

/// A question about one certificate, and what it takes to believe the answer.
#[derive(Clone, Debug)]
#[must_use]
pub struct OcspRequest<'a> {
    pub(super) certificate: &'a Certificate,
    pub(super) issuer: &'a Certificate,
    pub(super) hash: CertIdHash,
    pub(super) nonce: Option<Nonce>,
    pub(super) skew: Duration,
    pub(super) delegates: Option<&'a Revocation>,
}

impl<'a> OcspRequest<'a> {
    /// Asks about `certificate`. `issuer` is the CA above it in a path that was verified: whatever it says is
    /// believed, so it must not be the peer's own word.
    pub fn for_certificate(certificate: &'a Certificate, issuer: &'a Certificate) -> Self {
        Self {
            certificate,
            issuer,
            hash: CertIdHash::default(),
            nonce: None,
            skew: Duration::minutes(5),
            delegates: None,
        }
    }

    /// How the issuer is named; [`CertIdHash::Sha1`] by default.
    pub fn hash(mut self, hash: CertIdHash) -> Self {
        self.hash = hash;
        self
    }

    /// The answer must repeat this number. Without, which is the default, an answer may have been made before
    /// the question, as most are, and counts until its nextUpdate.
    pub fn nonce(mut self, nonce: Nonce) -> Self {
        self.nonce = Some(nonce);
        self
    }

    /// How far the responder's clock may be from ours, 5 minutes by default.
    pub fn skew(mut self, skew: Duration) -> Self {
        self.skew = skew;
        self
    }

    /// Looks up a responder's own certificate in these CRLs, unless it says id-pkix-ocsp-nocheck.
    ///
    /// Without, which is the default, a responder whose certificate is valid is believed. RFC 6960 section
    /// 4.2.2.2.1 leaves it to the client where the CA says nothing.
    pub fn delegates(mut self, revocation: &'a Revocation) -> Self {
        self.delegates = Some(revocation);
        self
    }

    /// The request as DER, as it is sent (`application/ocsp-request`). Not signed.
    ///
    /// # Errors
    ///
    /// [`OcspError::Encode`], which certificates that were parsed give no cause for.
    pub fn to_der(&self) -> Result<Vec<u8>, OcspError> {
        self.encode().map_err(OcspError::Encode)
    }

    fn encode(&self) -> der::Result<Vec<u8>> {
        let nonce = self.nonce.map(|nonce| nonce.extension()).transpose()?;
        let tbs_request = TbsRequest {
            version: V1,
            requestor_name: None,
            request_list: vec![asn1::Request {
                req_cert: CertId::new(self.hash, self.issuer, self.certificate)?,
                single_request_extensions: None,
            }],
            request_extensions: nonce.map(|nonce| vec![nonce]),
        };
        asn1::OcspRequest {
            tbs_request,
            optional_signature: None,
        }
        .to_der()
    }
}
