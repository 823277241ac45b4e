//! Finding a path: the second search, where webpki passes one over, and the reason where there is none.

mod diagnose;
mod search;

pub(super) use diagnose::{Diagnosis, WEBPKI_MAX_DEPTH};
pub(super) use search::{Search, constrains_names, is_beyond_webpki};
