//! What has to hold before an answer counts (RFC 6960 section 3.2).

use const_oid::db::rfc6960::{ID_PKIX_OCSP_BASIC, ID_PKIX_OCSP_NONCE};
use der::asn1::GeneralizedTime;
use der::{Decode, Encode, ErrorKind, Tag};
use spki::AlgorithmIdentifierOwned;
use time::OffsetDateTime;
use x509_cert::ext::Extensions;

use super::asn1::{
    BasicOcspResponse, CertStatus, OcspResponse, OcspResponseStatus, ResponseData, RevokedInfo,
    SingleResponse, V1,
};
use super::extensions::{ExtensionFault, check_extensions};
use super::{MAX_RESPONSE_LEN, OcspAnswer, OcspError, OcspRequest, OcspStatus};
use crate::verify::RevocationReason;
use crate::verify::signature::Signed;
use crate::verify::signature::algorithm_name::algorithm_name;

impl OcspRequest<'_> {
    /// The answer in `response`, if it is about this certificate, is current at `now`, and was signed by the issuer or
    /// by a responder that the issuer appointed.
    ///
    /// Names are compared octet by octet. Signatures with SHA-1 are not accepted.
    ///
    /// # Errors
    ///
    /// [`OcspError`] says why the response does not count.
    pub fn verify(&self, response: &[u8], now: OffsetDateTime) -> Result<OcspAnswer, OcspError> {
        if response.len() > MAX_RESPONSE_LEN {
            return Err(OcspError::TooLarge);
        }
        let basic = basic_response(response)?;
        let message = basic.tbs_response_data.to_der().map_err(malformed)?;
        let data = ResponseData::from_der(&message).map_err(malformed)?;
        if data.version != V1 {
            return Err(malformed(ErrorKind::Value { tag: Tag::Integer }.into()));
        }

        let algorithm = basic.signature_algorithm.decode_as();
        let algorithm: AlgorithmIdentifierOwned = algorithm.map_err(malformed)?;

        // 2. to 4.: the signature is good, and the signer is who it should be and may sign.
        let signed = Signed {
            message: &message,
            algorithm: basic.signature_algorithm.value(),
            signature: basic.signature.as_bytes().ok_or_else(|| {
                malformed(
                    ErrorKind::Value {
                        tag: Tag::BitString,
                    }
                    .into(),
                )
            })?,
        };
        if !signed.has_accepted_algorithm() {
            return Err(OcspError::WeakSignature {
                algorithm: algorithm_name(algorithm.oid),
            });
        }
        let certs = basic.certs.as_deref().unwrap_or_default();
        self.check_signer(&signed, &data.responder_id, certs, now)?;

        check_extensions(data.response_extensions.as_ref())?;
        self.check_nonce(data.response_extensions.as_ref())?;
        self.find_answer(&data.responses, now)
    }

    fn check_nonce(&self, extensions: Option<&Extensions>) -> Result<(), OcspError> {
        let Some(asked) = &self.nonce else {
            return Ok(());
        };
        let asked = asked.extension().map_err(OcspError::Encode)?;
        let answered = extensions
            .into_iter()
            .flatten()
            .find(|extension| extension.extn_id == ID_PKIX_OCSP_NONCE)
            .ok_or(OcspError::NonceMissing)?;
        if answered.extn_value == asked.extn_value {
            Ok(())
        } else {
            Err(OcspError::NonceMismatch)
        }
    }

    /// Of several answers about the certificate each has to be current, and the worst counts.
    fn find_answer(
        &self,
        responses: &[SingleResponse],
        now: OffsetDateTime,
    ) -> Result<OcspAnswer, OcspError> {
        if responses.len() > MAX_RESPONSES {
            return Err(OcspError::TooLarge);
        }
        let mut found: Option<OcspAnswer> = None;
        // 1. The answer is about the certificate that the question is about.
        for response in responses
            .iter()
            .filter(|response| response.cert_id.names(self.issuer, self.certificate))
        {
            check_extensions(response.single_extensions.as_ref())?;
            let answer = self.current(response, now)?;
            if found.is_none_or(|other| severity(other.status) < severity(answer.status)) {
                found = Some(answer);
            }
        }
        found.ok_or(OcspError::OtherCertificate)
    }

    fn current(
        &self,
        response: &SingleResponse,
        now: OffsetDateTime,
    ) -> Result<OcspAnswer, OcspError> {
        let this_update = moment(response.this_update);
        let next_update = response.next_update.map(moment);
        // 5. thisUpdate is sufficiently recent.
        if this_update - now > self.skew {
            return Err(OcspError::NotYetValid { this_update, now });
        }
        // 6. nextUpdate, where there is one, is greater than the current time.
        match next_update {
            Some(next_update) if now - next_update > self.skew => {
                return Err(OcspError::Stale { next_update, now });
            }
            None if now - this_update > self.skew => {
                return Err(OcspError::NoNextUpdate { this_update, now });
            }
            _ => {}
        }
        Ok(OcspAnswer {
            status: status(&response.cert_status),
            this_update,
            next_update,
        })
    }
}

fn basic_response(der: &[u8]) -> Result<BasicOcspResponse, OcspError> {
    let response = OcspResponse::from_der(der).map_err(malformed)?;
    let status = match response.response_status {
        OcspResponseStatus::Successful => {
            let bytes = response.response_bytes.ok_or_else(|| {
                malformed(
                    ErrorKind::Value {
                        tag: Tag::Enumerated,
                    }
                    .into(),
                )
            })?;
            if bytes.response_type != ID_PKIX_OCSP_BASIC {
                return Err(OcspError::UnknownType(bytes.response_type));
            }
            return BasicOcspResponse::from_der(bytes.response.as_bytes()).map_err(malformed);
        }
        OcspResponseStatus::MalformedRequest => "malformedRequest",
        OcspResponseStatus::InternalError => "internalError",
        OcspResponseStatus::TryLater => "tryLater",
        OcspResponseStatus::SigRequired => "sigRequired",
        OcspResponseStatus::Unauthorized => "unauthorized",
    };
    Err(OcspError::Unsuccessful { status })
}

impl From<ExtensionFault> for OcspError {
    fn from(fault: ExtensionFault) -> Self {
        match fault {
            ExtensionFault::Duplicate(oid) => Self::DuplicateExtension(oid),
            ExtensionFault::TooMany => Self::TooLarge,
            ExtensionFault::UnknownCritical(oid) => Self::UnknownCriticalExtension(oid),
        }
    }
}

fn status(status: &CertStatus) -> OcspStatus {
    match status {
        CertStatus::Good(_) => OcspStatus::Good,
        CertStatus::Revoked(RevokedInfo {
            revocation_time,
            revocation_reason,
        }) => OcspStatus::Revoked {
            date: moment(*revocation_time),
            reason: revocation_reason
                .and_then(|reason| RevocationReason::from_code(reason as u8))
                .unwrap_or(RevocationReason::Unspecified),
        },
        CertStatus::Unknown(_) => OcspStatus::Unknown,
    }
}

fn severity(status: OcspStatus) -> u8 {
    match status {
        OcspStatus::Good => 0,
        OcspStatus::Unknown => 1,
        OcspStatus::Revoked { .. } => 2,
    }
}

fn moment(time: GeneralizedTime) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + time.to_unix_duration()
}

fn malformed(source: der::Error) -> OcspError {
    OcspError::Malformed(source)
}

/// Responders that answer ahead may put a few certificates together.
const MAX_RESPONSES: usize = 64;
