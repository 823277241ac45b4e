//! Client certificates, good and bad, as data: who has to be let in by a strict server, and who not.
//!
//! Each [`Case`] is what a server is configured with (trust_anchors, CRLs), what a client shows (chain, key),
//! and what has to come of it by which clause of RFC 5280. Most come as twins, one accepted and one
//! refused, that differ in the point of the rule alone. Nothing here uses the verifier that is judged:
//! certificates and lists are put together from `x509-cert` parts, since most of them are such as no
//! builder makes.
//!
//! ```
//! use conformance::{Verdict, cases};
//!
//! for case in cases(time::OffsetDateTime::now_utc()) {
//!     let expected = match case.verdict {
//!         Verdict::Accepted => "accepted",
//!         Verdict::Refused { .. } => "refused",
//!     };
//!     println!("{}/{} ({}): {expected}", case.category, case.name, case.clause);
//! }
//! ```
#![allow(
    clippy::unwrap_used,
    reason = "a generator for tests: what it cannot make is a mistake in the table"
)]

mod authority;
mod case;
mod cases;
mod certificate;
mod crl;
mod extension;
mod key;
mod name;
mod world;

pub use case::{Case, Verdict};
pub use cases::{cases, server};
