//! The other side: answering for a CA.

use std::fmt;

use const_oid::db::rfc6960::ID_PKIX_OCSP_BASIC;
use der::asn1::{Any, BitString, GeneralizedTime, Null, OctetString};
use der::{Decode, Encode};
use time::OffsetDateTime;
use x509_identity::Certificate;

use super::asn1::{
    BasicOcspResponse, CertId, CertStatus, OcspResponse, OcspResponseStatus, ResponderId,
    ResponseBytes, ResponseData, RevokedInfo, SingleResponse, V1,
};
use super::cert_id::key_hash;
use super::{IncomingRequest, OcspStatus};
use crate::key::SignError;
use crate::{Authority, Signer};

/// Answers requests about the certificates of one CA.
///
/// What it is given to sign with decides how it signs: as the CA, or as a responder that the CA appointed
/// ([`Profile::ocsp_responder`](crate::Profile::ocsp_responder)), whose certificate it sends along.
pub struct OcspResponder<'a> {
    issuer: &'a Certificate,
    delegate: Option<&'a Certificate>,
    signer: &'a dyn Signer,
}

/// How long an answer counts.
#[derive(Clone, Copy, Debug)]
pub struct OcspValidity {
    /// When the status was known to be right.
    pub this_update: OffsetDateTime,
    /// When there will be newer information; at any time if left out.
    pub next_update: Option<OffsetDateTime>,
}

/// An answer that could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RespondError {
    /// It could not be written down.
    #[error("the OCSP response could not be encoded")]
    Encode(#[source] der::Error),

    /// The request is about certificates of another issuer. [`UnsignedResponse::Unauthorized`](super::UnsignedResponse)
    /// is what to send.
    #[error("the OCSP request is about certificates of another issuer")]
    OtherIssuer,

    /// The signer refused.
    #[error("the OCSP response could not be signed")]
    Sign(#[source] SignError),

    /// There is not one status for each certificate.
    #[error("the OCSP request is about {asked} certificates, and there is a status for {given}")]
    StatusCount {
        /// How many certificates the request is about.
        asked: usize,
        /// How many statuses there are.
        given: usize,
    },
}

impl<'a> OcspResponder<'a> {
    /// The CA answers itself.
    #[must_use]
    pub fn authority(authority: &'a Authority) -> Self {
        Self {
            issuer: authority.certificate(),
            delegate: None,
            signer: authority.signer(),
        }
    }

    /// `delegate`, whose key `signer` holds, answers for `issuer`. Clients believe it if `issuer` issued
    /// `delegate`'s certificate for that.
    #[must_use]
    pub fn delegate(
        issuer: &'a Certificate,
        delegate: &'a Certificate,
        signer: &'a dyn Signer,
    ) -> Self {
        Self {
            issuer,
            delegate: Some(delegate),
            signer,
        }
    }

    /// Whether this is the responder for what `request` asks about.
    #[must_use]
    pub fn is_for(&self, request: &IncomingRequest) -> bool {
        request.is_about(self.issuer)
    }

    /// Answers `request` with the status of each certificate, in the order of its
    /// [`serials`](IncomingRequest::serials). A nonce is repeated.
    ///
    /// The status of a number that the issuer has not given to a certificate is [`OcspStatus::Unknown`].
    ///
    /// # Errors
    ///
    /// [`RespondError::OtherIssuer`] and [`RespondError::StatusCount`] for what does not belong together, and what else
    /// its variants say.
    pub fn respond(
        &self,
        request: &IncomingRequest,
        statuses: &[OcspStatus],
        validity: OcspValidity,
        now: OffsetDateTime,
    ) -> Result<Vec<u8>, RespondError> {
        if !self.is_for(request) {
            return Err(RespondError::OtherIssuer);
        }
        if request.ids.len() != statuses.len() {
            return Err(RespondError::StatusCount {
                asked: request.ids.len(),
                given: statuses.len(),
            });
        }
        let tbs = self
            .response_data(request, statuses, validity, now)
            .map_err(RespondError::Encode)?;
        let signature = self.signer.sign(&tbs).map_err(RespondError::Sign)?;
        self.wrap(&tbs, &signature).map_err(RespondError::Encode)
    }

    fn response_data(
        &self,
        request: &IncomingRequest,
        statuses: &[OcspStatus],
        validity: OcspValidity,
        now: OffsetDateTime,
    ) -> der::Result<Vec<u8>> {
        let single = |(id, status): (&CertId, &OcspStatus)| {
            Ok(SingleResponse {
                cert_id: id.clone(),
                cert_status: cert_status(*status)?,
                this_update: generalized(validity.this_update)?,
                next_update: validity.next_update.map(generalized).transpose()?,
                single_extensions: None,
            })
        };
        let own = self.delegate.unwrap_or(self.issuer);
        let own_key = key_hash(own).ok_or(der::ErrorKind::Failed)?;
        ResponseData {
            version: V1,
            // Of the two forms the shorter, and the one that is right where a CA has had several keys.
            responder_id: ResponderId::ByKey(OctetString::new(own_key)?),
            produced_at: generalized(now)?,
            responses: std::iter::zip(&request.ids, statuses)
                .map(single)
                .collect::<der::Result<_>>()?,
            response_extensions: request.nonce.clone().map(|nonce| vec![nonce]),
        }
        .to_der()
    }

    fn wrap(&self, tbs: &[u8], signature: &[u8]) -> der::Result<Vec<u8>> {
        let certs = self
            .delegate
            .map(|certificate| Any::from_der(certificate.der()).map(|one| vec![one]));
        let basic = BasicOcspResponse {
            tbs_response_data: Any::from_der(tbs)?,
            signature_algorithm: Any::encode_from(&self.signer.algorithm().identifier())?,
            signature: BitString::from_bytes(signature)?,
            certs: certs.transpose()?,
        };
        OcspResponse {
            response_status: OcspResponseStatus::Successful,
            response_bytes: Some(ResponseBytes {
                response_type: ID_PKIX_OCSP_BASIC,
                response: OctetString::new(basic.to_der()?)?,
            }),
        }
        .to_der()
    }
}

impl fmt::Debug for OcspResponder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OcspResponder")
            .field("issuer", self.issuer)
            .field("delegate", &self.delegate)
            .finish_non_exhaustive()
    }
}

fn cert_status(status: OcspStatus) -> der::Result<CertStatus> {
    Ok(match status {
        OcspStatus::Good => CertStatus::Good(Null),
        OcspStatus::Unknown => CertStatus::Unknown(Null),
        OcspStatus::Revoked { date, reason } => CertStatus::Revoked(RevokedInfo {
            revocation_time: generalized(date)?,
            revocation_reason: reason.code(),
        }),
    })
}

fn generalized(moment: OffsetDateTime) -> der::Result<GeneralizedTime> {
    let seconds = u64::try_from(moment.unix_timestamp()).map_err(|_| der::ErrorKind::DateTime)?;
    GeneralizedTime::from_unix_duration(std::time::Duration::from_secs(seconds))
}
