//! Asking OCSP responders: about clients' certificates, and for the answer about our own that clients
//! want to see.

mod ask;
mod cache;
mod check;
mod staple;

pub use ask::AskError;
pub use check::{OcspCheck, OcspRefusal, OcspVerdict, Unanswered};
pub use staple::{Staple, StapleError, Stapler};
