//! Asking the issuer of one certificate whether it is revoked (OCSP, RFC 6960).
//!
//! [`OcspRequest`] is a question about one certificate. Its bytes go to a responder, at one of the
//! [`responder_urls`] that the certificate names, and what comes back is believed only after
//! [`OcspRequest::verify`]. [`OcspResponder`] is the other side, for a CA. Nothing here touches a socket or the clock.
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

mod access;
mod answer;
mod asn1;
mod cert_id;
mod error;
mod nonce;
mod request;
mod respond;
mod responder;
mod verify;

pub use access::{must_staple, responder_urls};
pub use answer::{OcspAnswer, OcspStatus};
pub use cert_id::CertIdHash;
pub use error::{OcspError, ResponderError};
pub use nonce::Nonce;
pub use request::OcspRequest;
pub use respond::{OcspResponder, OcspValidity, RespondError};

/// The most bytes of a response that are read: 64 KiB. Real ones have 0.5 to 3 KiB.
pub const MAX_RESPONSE_LEN: usize = 64 * 1024;
