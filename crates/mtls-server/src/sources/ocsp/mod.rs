//! Querying OCSP responders: about clients' certificates, and about the server's own, for the response
//! that is stapled to it.

pub(crate) mod check;
pub(crate) mod query;
pub(crate) mod staple;

mod cache;
