//! Is this certificate good, for this purpose, now? One verifier for servers and clients.
//!
//! [`ChainVerifier`] builds the path with `webpki` and judges what that library leaves open
//! ([`Strictness::Strict`]): the trusted root itself, usages, keys, names and revocation. It answers
//! with the [`Path`] it verified, parsed once, or with one [`VerifyError`] that a person can act on.
//!
//! Nothing here reads a file or the clock. Time is a [`UnixTime`], as rustls hands it to its
//! verifiers; [`unix_time`] makes one from an [`OffsetDateTime`]. The self-signature of a trusted root
//! is not judged, since nothing rests on it.
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
mod chain;
mod crl;
mod crl_der;
mod crl_facts;
mod crl_file;
mod crl_set;
mod diagnose;
mod error;
mod error_kind;
mod name_constraints;
mod path;
mod policies;
mod purpose;
mod revocation;
mod rules;
mod search;
pub(crate) mod signature;

pub use anchors::{AnchorError, TrustAnchors};
pub use chain::{ChainVerifier, ChainVerifierBuilder, Strictness};
pub(crate) use path::label;
pub(crate) use rules::unknown_critical_extension;

pub use crl::{CrlError, RevocationReason};
pub use crl_file::CrlFile;
pub use crl_set::{CrlLoadError, CrlSet};
pub use error::VerifyError;
pub use error_kind::VerifyErrorKind;
pub use path::Path;
pub use purpose::Purpose;
pub use revocation::{ExpiredCrl, Revocation, Scope, UnknownStatus};
pub use signature::{has_accepted_algorithm, is_signed_by};

use rustls_pki_types::UnixTime;
use time::OffsetDateTime;

/// The same moment as rustls and webpki want it: whole seconds since 1970.
///
/// A moment before 1970 becomes 1970, when no certificate is valid yet.
#[must_use]
pub fn unix_time(now: OffsetDateTime) -> UnixTime {
    let seconds = u64::try_from(now.unix_timestamp()).unwrap_or(0);
    UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds))
}

/// Back again, for messages and comparisons; beyond the year 9999 it stays there.
fn date_time(now: UnixTime) -> OffsetDateTime {
    i64::try_from(now.as_secs())
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .unwrap_or(time::macros::datetime!(9999-12-31 23:59:59 UTC))
}
