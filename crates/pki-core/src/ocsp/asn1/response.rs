use const_oid::ObjectIdentifier;
use der::asn1::{Any, BitString, GeneralizedTime, OctetString};
use der::{Choice, Enumerated, Sequence};
use x509_cert::ext::Extensions;

use super::{SingleResponse, v1};

/// What a responder sends (RFC 6960 section 4.2.1).
///
/// ```text
/// OCSPResponse ::= SEQUENCE {
///     responseStatus          OCSPResponseStatus,
///     responseBytes       [0] EXPLICIT ResponseBytes OPTIONAL }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(in crate::ocsp) struct OcspResponse {
    pub(in crate::ocsp) response_status: OcspResponseStatus,
    #[asn1(context_specific = "0", optional = "true", tag_mode = "EXPLICIT")]
    pub(in crate::ocsp) response_bytes: Option<ResponseBytes>,
}

/// Whether there is an answer at all (RFC 6960 section 4.2.1). 4 is not used.
///
/// ```text
/// OCSPResponseStatus ::= ENUMERATED {
///     successful          (0), -- Response has valid confirmations
///     malformedRequest    (1), -- Illegal confirmation request
///     internalError       (2), -- Internal error in issuer
///     tryLater            (3), -- Try again later
///     sigRequired         (5), -- Must sign the request
///     unauthorized        (6)  -- Request unauthorized }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enumerated)]
#[repr(u8)]
pub(in crate::ocsp) enum OcspResponseStatus {
    Successful = 0,
    MalformedRequest = 1,
    InternalError = 2,
    TryLater = 3,
    SigRequired = 5,
    Unauthorized = 6,
}

/// An answer of some type (RFC 6960 section 4.2.1); id-pkix-ocsp-basic is the only one in use.
///
/// ```text
/// ResponseBytes ::=       SEQUENCE {
///     responseType            OBJECT IDENTIFIER,
///     response                OCTET STRING }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(in crate::ocsp) struct ResponseBytes {
    pub(in crate::ocsp) response_type: ObjectIdentifier,
    pub(in crate::ocsp) response: OctetString,
}

/// The signed answer (RFC 6960 section 4.2.1).
///
/// ```text
/// BasicOCSPResponse       ::= SEQUENCE {
///     tbsResponseData      ResponseData,
///     signatureAlgorithm   AlgorithmIdentifier,
///     signature            BIT STRING,
///     certs            [0] EXPLICIT SEQUENCE OF Certificate OPTIONAL }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(in crate::ocsp) struct BasicOcspResponse {
    /// A [`ResponseData`], as the bytes that were signed: DER has one encoding of an element.
    pub(in crate::ocsp) tbs_response_data: Any,
    /// An AlgorithmIdentifier, as it came.
    pub(in crate::ocsp) signature_algorithm: Any,
    pub(in crate::ocsp) signature: BitString,
    #[asn1(context_specific = "0", optional = "true", tag_mode = "EXPLICIT")]
    pub(in crate::ocsp) certs: Option<Vec<Any>>,
}

/// What is signed (RFC 6960 section 4.2.1).
///
/// ```text
/// ResponseData ::= SEQUENCE {
///     version              [0] EXPLICIT Version DEFAULT v1,
///     responderID              ResponderID,
///     producedAt               GeneralizedTime,
///     responses                SEQUENCE OF SingleResponse,
///     responseExtensions   [1] EXPLICIT Extensions OPTIONAL }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(in crate::ocsp) struct ResponseData {
    #[asn1(context_specific = "0", default = "v1", tag_mode = "EXPLICIT")]
    pub(in crate::ocsp) version: u8,
    pub(in crate::ocsp) responder_id: ResponderId,
    pub(in crate::ocsp) produced_at: GeneralizedTime,
    pub(in crate::ocsp) responses: Vec<SingleResponse>,
    #[asn1(context_specific = "1", optional = "true", tag_mode = "EXPLICIT")]
    pub(in crate::ocsp) response_extensions: Option<Extensions>,
}

/// Who signed, by its own account (RFC 6960 section 4.2.1).
///
/// ```text
/// ResponderID ::= CHOICE {
///     byName              [1] Name,
///     byKey               [2] KeyHash }
///
/// KeyHash ::= OCTET STRING -- SHA-1 hash of responder's public key
///                          -- (excluding the tag and length fields)
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Choice)]
pub(in crate::ocsp) enum ResponderId {
    /// A Name, as it came.
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", constructed = "true")]
    ByName(Any),
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", constructed = "true")]
    ByKey(OctetString),
}
