//! What a responder is asked.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc6960::ID_PKIX_OCSP_NONCE;
use der::Decode;
use der::asn1::OctetStringRef;
use x509_cert::ext::Extension;
use x509_identity::{Certificate, SerialNumber};

use super::asn1::{self, CertId, V1};
use super::extensions::{ExtensionFault, check_extensions};

/// A request as a responder reads it: which certificates of which issuer it asks about. The other end of an
/// [`OcspRequest`](super::OcspRequest).
///
/// Who signed a request is not looked at: the response does not depend on it.
#[derive(Clone, Debug)]
pub struct IncomingRequest {
    pub(super) ids: Vec<CertId>,
    /// Repeated in the response as it came.
    pub(super) nonce: Option<Extension>,
}

/// Why a request gets no signed response. [`UnsignedResponse::MalformedRequest`](super::UnsignedResponse) is what to send.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IncomingRequestError {
    /// An extension occurs twice.
    #[error("OCSP request has extension {0} twice")]
    DuplicateExtension(ObjectIdentifier),

    /// Not the DER of an OCSP request.
    #[error("OCSP request cannot be read")]
    Malformed(#[source] der::Error),

    /// It asks about nothing.
    #[error("OCSP request asks about no certificate")]
    NoCertificate,

    /// A nonce of a length that RFC 9654 section 2.1 does not allow.
    #[error("OCSP request has a nonce of {0} octets, and 1 to 128 are allowed")]
    NonceLength(usize),

    /// More than 16 KiB, more than 16 certificates, or more than 16 extensions in one place.
    #[error("OCSP request is larger than a client's question is")]
    TooLarge,

    /// A critical extension that nothing here obeys.
    #[error("OCSP request has a critical extension that is not understood ({0})")]
    UnknownCriticalExtension(ObjectIdentifier),

    /// Not version 1.
    #[error("OCSP request has an unknown version")]
    Version,
}

impl IncomingRequest {
    /// Reads the DER of a request, as it comes in the body of a POST (`application/ocsp-request`).
    ///
    /// # Errors
    ///
    /// [`IncomingRequestError`] says what is wrong with it.
    pub fn from_der(der: &[u8]) -> Result<Self, IncomingRequestError> {
        if der.len() > MAX_REQUEST_LEN {
            return Err(IncomingRequestError::TooLarge);
        }
        let request = asn1::OcspRequest::from_der(der).map_err(IncomingRequestError::Malformed)?;
        let tbs = request.tbs_request;
        if tbs.version != V1 {
            return Err(IncomingRequestError::Version);
        }
        if tbs.request_list.is_empty() {
            return Err(IncomingRequestError::NoCertificate);
        }
        if tbs.request_list.len() > MAX_CERTIFICATES {
            return Err(IncomingRequestError::TooLarge);
        }
        check_extensions(tbs.request_extensions.as_ref())?;
        for single in &tbs.request_list {
            check_extensions(single.single_request_extensions.as_ref())?;
        }
        let mut extensions = tbs.request_extensions.unwrap_or_default().into_iter();
        let nonce = extensions.find(|extension| extension.extn_id == ID_PKIX_OCSP_NONCE);
        if let Some(nonce) = &nonce {
            check_nonce(nonce.extn_value.as_bytes())?;
        }
        let ids = tbs.request_list.into_iter();
        Ok(Self {
            ids: ids.map(|single| single.req_cert).collect(),
            nonce,
        })
    }

    /// Whether all certificates that it asks about are of `issuer`, by the hashes of its name and key (SHA-1 or SHA-256).
    ///
    /// A responder for several issuers looks for the one that this is true of. Where there is none,
    /// [`UnsignedResponse::Unauthorized`](super::UnsignedResponse) is what to send: one response is signed for one issuer.
    #[must_use]
    pub fn is_about(&self, issuer: &Certificate) -> bool {
        let name = issuer.subject_der();
        self.ids.iter().all(|id| id.is_of(name, issuer))
    }

    /// The serial numbers of the certificates that it asks about, 1 to 16, in its order.
    ///
    /// A client may ask about any number: also one that no certificate has.
    pub fn serials(&self) -> impl ExactSizeIterator<Item = SerialNumber> + '_ {
        let ids = self.ids.iter();
        ids.map(|id| SerialNumber::from_integer_octets(id.serial_number.as_bytes()))
    }

    /// The octets that the response has to repeat (RFC 9654), 1 to 128 of them, if there are any. A response without
    /// them may be stored and sent again.
    #[must_use]
    pub fn nonce(&self) -> Option<&[u8]> {
        let nonce = self.nonce.as_ref()?;
        let octets = <&OctetStringRef>::from_der(nonce.extn_value.as_bytes()).ok()?;
        Some(octets.as_bytes())
    }
}

impl From<ExtensionFault> for IncomingRequestError {
    fn from(fault: ExtensionFault) -> Self {
        match fault {
            ExtensionFault::Duplicate(oid) => Self::DuplicateExtension(oid),
            ExtensionFault::TooMany => Self::TooLarge,
            ExtensionFault::UnknownCritical(oid) => Self::UnknownCriticalExtension(oid),
        }
    }
}

/// `Nonce ::= OCTET STRING(SIZE(1..128))` (RFC 9654 section 2.1).
fn check_nonce(value: &[u8]) -> Result<(), IncomingRequestError> {
    let octets = <&OctetStringRef>::from_der(value).map_err(IncomingRequestError::Malformed)?;
    match octets.as_bytes().len() {
        1..=128 => Ok(()),
        len => Err(IncomingRequestError::NonceLength(len)),
    }
}

/// The part about one certificate is some 100 bytes.
const MAX_REQUEST_LEN: usize = 16 * 1024;

/// Each costs the caller a lookup.
const MAX_CERTIFICATES: usize = 16;
