//! The structures of RFC 6960, with its ASN.1 (appendix A.1; tags are explicit unless it says otherwise).
//!
//! Names and certificates are kept as the DER that came: what is compared or hashed is what was signed.

mod cert_id;
mod request;
mod response;
mod single_response;

pub(super) use cert_id::CertId;
pub(super) use request::{OcspRequest, Request, TbsRequest};
pub(super) use response::{
    BasicOcspResponse, OcspResponse, OcspResponseStatus, ResponderId, ResponseBytes, ResponseData,
};
pub(super) use single_response::{CertStatus, RevokedInfo, SingleResponse};

/// `Version ::= INTEGER { v1(0) }` (RFC 6960 section 4.1.1): the only one there is.
pub(super) const V1: u8 = 0;

fn v1() -> u8 {
    V1
}
