//! Responses that say only that there is none.

use der::Encode;

use super::asn1::{OcspResponse, OcspResponseStatus};

/// A response without an answer, which is not signed (RFC 6960 section 2.3). The names are the RFC's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnsignedResponse {
    /// The responder has failed, and another one may not.
    InternalError,
    /// The request is not one: [`IncomingRequest::from_der`](super::IncomingRequest::from_der) has refused it.
    MalformedRequest,
    /// The responder cannot answer for the moment.
    TryLater,
    /// The responder does not answer for the issuer of the certificates, or not for all of them.
    Unauthorized,
}

impl UnsignedResponse {
    /// The response as DER (`application/ocsp-response`).
    ///
    /// # Panics
    ///
    /// Never: five octets can be written.
    #[must_use]
    pub fn to_der(self) -> Vec<u8> {
        let response = OcspResponse {
            response_status: match self {
                Self::InternalError => OcspResponseStatus::InternalError,
                Self::MalformedRequest => OcspResponseStatus::MalformedRequest,
                Self::TryLater => OcspResponseStatus::TryLater,
                Self::Unauthorized => OcspResponseStatus::Unauthorized,
            },
            response_bytes: None,
        };
        response.to_der().expect("a status alone can be encoded")
    }
}
