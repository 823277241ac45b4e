//! Asking the issuer of a certificate whether it is revoked, and answering for it (OCSP, RFC 6960).
//!
//! [`OcspRequest`] is a question about one certificate. Its bytes go to a responder, at one of the
//! [`responder_urls`] that the certificate names, and what comes back is believed only after
//! [`OcspRequest::verify`]. Nothing here touches a socket or the clock.
//!
//! ```
//! use pki_core::ocsp::{OcspRequest, OcspStatus};
//! use time::OffsetDateTime;
//! use x509_identity::Certificate;
//!
//! fn is_good(
//!     certificate: &Certificate,
//!     issuer: &Certificate,
//!     ask: impl Fn(&[u8]) -> Vec<u8>,
//!     now: OffsetDateTime,
//! ) -> Result<bool, Box<dyn std::error::Error>> {
//!     let question = OcspRequest::for_certificate(certificate, issuer);
//!     let response = ask(&question.to_der()?);
//!     Ok(question.verify(&response, now)?.status() == OcspStatus::Good)
//! }
//! ```
//!
//! The other side answers in two steps, so that it can look statuses up in between: [`IncomingRequest`] says which
//! certificates a client asks about, and [`OcspResponder`] signs what is known of them. One URL may serve several issuers.
//!
//! ```
//! use pki_core::ocsp::{
//!     IncomingRequest, OcspResponder, OcspStatus, OcspValidity, UnsignedResponse,
//! };
//! use time::{Duration, OffsetDateTime};
//! use x509_identity::SerialNumber;
//!
//! fn answer(
//!     body: &[u8],
//!     responders: &[OcspResponder<'_>],
//!     status: impl Fn(&SerialNumber) -> OcspStatus,
//!     now: OffsetDateTime,
//! ) -> Vec<u8> {
//!     let Ok(request) = IncomingRequest::from_der(body) else {
//!         return UnsignedResponse::MalformedRequest.to_der();
//!     };
//!     let Some(responder) = responders.iter().find(|it| it.is_for(&request)) else {
//!         return UnsignedResponse::Unauthorized.to_der();
//!     };
//!     let statuses: Vec<_> = request.serials().map(|serial| status(&serial)).collect();
//!     let validity = OcspValidity { this_update: now, next_update: Some(now + Duration::DAY) };
//!     responder
//!         .respond(&request, &statuses, validity, now)
//!         .unwrap_or_else(|_| UnsignedResponse::InternalError.to_der())
//! }
//! ```

mod access;
mod answer;
mod asn1;
mod cert_id;
mod error;
mod extensions;
mod incoming;
mod nonce;
mod request;
mod respond;
mod responder;
mod unsigned;
mod verify;

pub use access::{must_staple, responder_urls};
pub use answer::{OcspAnswer, OcspStatus};
pub use cert_id::CertIdHash;
pub use error::{OcspError, ResponderError};
pub use incoming::{IncomingRequest, IncomingRequestError};
pub use nonce::Nonce;
pub use request::OcspRequest;
pub use respond::{OcspResponder, OcspValidity, RespondError};
pub use unsigned::UnsignedResponse;

/// The most bytes of a response that are read: 64 KiB. Real ones have 0.5 to 3 KiB.
pub const MAX_RESPONSE_LEN: usize = 64 * 1024;
