//! Is this certificate good, for this purpose, now? One verifier for servers and clients.
//!
//! [`ChainVerifier`] builds the path with `webpki` and checks what that library leaves open
//! ([`Strictness::Strict`]): the trust anchor itself, usages, keys, names and revocation. It answers
//! with the [`Path`] it verified, parsed once, or with one [`VerifyError`] that a person can act on.
//!
//! Nothing here reads a file or the clock. Time is a [`UnixTime`](rustls_pki_types::UnixTime), as rustls hands it to
//! its verifiers; [`unix_time`] makes one from an [`OffsetDateTime`](::time::OffsetDateTime). The signature of a trust
//! anchor on itself is not checked, since nothing rests on it.
//!
//! ```
//! use pki_core::verify::{ChainVerifier, Path, Purpose, TrustAnchors, VerifyError, unix_time};
//! use rustls_pki_types::CertificateDer;
//!
//! fn admit(
//!     ca_pem: &[u8],
//!     presented: &[CertificateDer<'_>],
//!     now: time::OffsetDateTime,
//! ) -> Result<Option<Path>, Box<dyn std::error::Error>> {
//!     let anchors = TrustAnchors::from_pem(ca_pem)?;
//!     let verifier = ChainVerifier::builder(anchors, Purpose::TlsClient).build();
//!     let Some((leaf, intermediates)) = presented.split_first() else { return Ok(None) };
//!     Ok(Some(verifier.verify(leaf, intermediates, unix_time(now))?))
//! }
//! ```

mod anchors;
mod crl;
mod error;
mod path;
mod path_building;
mod purpose;
mod rules;
mod settings;
pub(crate) mod signature;
mod time;
mod verifier;
mod without_client_auth;

pub use anchors::{AnchorError, TrustAnchors};
pub use crl::{
    CrlFile, CrlHistory, CrlLoadError, CrlResponseError, CrlSet, ExpiredCrl, Revocation,
    RevocationReason, Scope, UnknownReason, UnknownStatus,
};
pub use error::{VerifyError, VerifyErrorKind};
pub use path::Path;
pub(crate) use path::label;
pub use purpose::Purpose;
pub use rules::problems_of_leaf;
pub(crate) use rules::{name_constraints_are_obeyed, unknown_critical_extension};
pub use settings::Strictness;
pub use signature::{has_accepted_algorithm, is_message_signed_by, is_signed_by};
pub use time::unix_time;
pub use verifier::{ChainVerifier, ChainVerifierBuilder};
pub use without_client_auth::WithoutClientAuth;
