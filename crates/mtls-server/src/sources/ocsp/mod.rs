//! Asking OCSP responders: about clients' certificates, and about our own for the staple that clients
//! want to see.

pub(crate) mod ask;
pub(crate) mod check;
pub(crate) mod staple;

mod cache;
