use der::Sequence;
use der::asn1::Any;
use x509_cert::ext::Extensions;

use super::{CertId, v1};

/// What a client sends (RFC 6960 section 4.1.1).
///
/// ```text
/// OCSPRequest     ::=     SEQUENCE {
///     tbsRequest                  TBSRequest,
///     optionalSignature   [0]     EXPLICIT Signature OPTIONAL }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(in crate::ocsp) struct OcspRequest {
    pub(in crate::ocsp) tbs_request: TbsRequest,
    /// Who asks is nothing that an answer depends on.
    #[asn1(context_specific = "0", optional = "true", tag_mode = "EXPLICIT")]
    pub(in crate::ocsp) optional_signature: Option<Any>,
}

/// Any number of questions (RFC 6960 section 4.1.1).
///
/// ```text
/// TBSRequest      ::=     SEQUENCE {
///     version             [0]     EXPLICIT Version DEFAULT v1,
///     requestorName       [1]     EXPLICIT GeneralName OPTIONAL,
///     requestList                 SEQUENCE OF Request,
///     requestExtensions   [2]     EXPLICIT Extensions OPTIONAL }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(in crate::ocsp) struct TbsRequest {
    #[asn1(context_specific = "0", default = "v1", tag_mode = "EXPLICIT")]
    pub(in crate::ocsp) version: u8,
    #[asn1(context_specific = "1", optional = "true", tag_mode = "EXPLICIT")]
    pub(in crate::ocsp) requestor_name: Option<Any>,
    pub(in crate::ocsp) request_list: Vec<Request>,
    #[asn1(context_specific = "2", optional = "true", tag_mode = "EXPLICIT")]
    pub(in crate::ocsp) request_extensions: Option<Extensions>,
}

/// One question (RFC 6960 section 4.1.1).
///
/// ```text
/// Request         ::=     SEQUENCE {
///     reqCert                     CertID,
///     singleRequestExtensions     [0] EXPLICIT Extensions OPTIONAL }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(in crate::ocsp) struct Request {
    pub(in crate::ocsp) req_cert: CertId,
    #[asn1(context_specific = "0", optional = "true", tag_mode = "EXPLICIT")]
    pub(in crate::ocsp) single_request_extensions: Option<Extensions>,
}
