//! The other side: answering for a CA.

use std::fmt;

use const_oid::db::rfc6960::{ID_PKIX_OCSP_BASIC, ID_PKIX_OCSP_NONCE};
use der::asn1::{Any, BitString, GeneralizedTime, Null, OctetString};
use der::{Decode, Encode};
use time::OffsetDateTime;
use x509_cert::ext::Extension;
use x509_identity::Certificate;

use super::OcspStatus;
use super::asn1::{
    BasicOcspResponse, CertId, CertStatus, OcspRequest, OcspResponse, OcspResponseStatus,
    ResponderId, ResponseBytes, ResponseData, RevokedInfo, SingleResponse, V1,
};
use crate::key::SignError;
use crate::{Authority, Signer};

/// Answers questions about the certificates of one CA.
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

    /// The signer refused.
    #[error("the OCSP response could not be signed")]
    Sign(#[source] SignError),
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

    /// Answers `request`: `status` is asked about each serial number (the content octets of its INTEGER,
    /// as [`SerialNumber::as_bytes`](x509_identity::SerialNumber::as_bytes)). A nonce is repeated.
    ///
    /// What cannot be read is answered malformedRequest, what is about another CA unauthorized; neither is
    /// signed (RFC 6960 section 2.3). Who signed a request is not looked at.
    ///
    /// # Errors
    ///
    /// [`RespondError`] if there is no answer at all; internalError is the one to send then.
    pub fn respond(
        &self,
        request: &[u8],
        validity: OcspValidity,
        now: OffsetDateTime,
        mut status: impl FnMut(&[u8]) -> OcspStatus,
    ) -> Result<Vec<u8>, RespondError> {
        let read = (request.len() <= MAX_REQUEST_LEN).then(|| OcspRequest::from_der(request));
        let Some(Ok(OcspRequest { tbs_request, .. })) = read else {
            return unsigned(OcspResponseStatus::MalformedRequest);
        };
        let ids = tbs_request.request_list.into_iter();
        let ids: Vec<CertId> = ids.map(|request| request.req_cert).collect();
        if tbs_request.version != V1 || ids.is_empty() || ids.len() > MAX_QUESTIONS {
            return unsigned(OcspResponseStatus::MalformedRequest);
        }
        if !ids
            .iter()
            .all(|id| id.is_of(self.issuer.subject_der(), self.issuer))
        {
            return unsigned(OcspResponseStatus::Unauthorized);
        }
        let answers = ids.into_iter().map(|id| {
            let status = cert_status(status(id.serial_number.as_bytes()))?;
            Ok(SingleResponse {
                cert_id: id,
                cert_status: status,
                this_update: generalized(validity.this_update)?,
                next_update: validity.next_update.map(generalized).transpose()?,
                single_extensions: None,
            })
        });
        let responses = answers
            .collect::<der::Result<_>>()
            .map_err(RespondError::Encode)?;
        let extensions = tbs_request.request_extensions.unwrap_or_default();
        let nonce: Vec<Extension> = extensions
            .into_iter()
            .filter(|extension| extension.extn_id == ID_PKIX_OCSP_NONCE)
            .take(1)
            .collect();
        self.sign(responses, nonce, now)
    }

    fn sign(
        &self,
        responses: Vec<SingleResponse>,
        extensions: Vec<Extension>,
        now: OffsetDateTime,
    ) -> Result<Vec<u8>, RespondError> {
        let tbs = self
            .response_data(responses, extensions, now)
            .map_err(RespondError::Encode)?;
        let signature = self.signer.sign(&tbs).map_err(RespondError::Sign)?;
        self.wrap(&tbs, &signature).map_err(RespondError::Encode)
    }

    fn response_data(
        &self,
        responses: Vec<SingleResponse>,
        extensions: Vec<Extension>,
        now: OffsetDateTime,
    ) -> der::Result<Vec<u8>> {
        let own = self.delegate.unwrap_or(self.issuer);
        ResponseData {
            version: V1,
            responder_id: ResponderId::ByName(Any::from_der(own.subject_der())?),
            produced_at: generalized(now)?,
            responses,
            response_extensions: (!extensions.is_empty()).then_some(extensions),
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

fn unsigned(response_status: OcspResponseStatus) -> Result<Vec<u8>, RespondError> {
    OcspResponse {
        response_status,
        response_bytes: None,
    }
    .to_der()
    .map_err(RespondError::Encode)
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

/// A question is some 100 bytes.
const MAX_REQUEST_LEN: usize = 16 * 1024;

/// Each costs the caller a lookup.
const MAX_QUESTIONS: usize = 16;
