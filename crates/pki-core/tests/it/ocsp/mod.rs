//! OCSP: what is asked, and what is answered.

mod properties;
mod queries;
mod respond;
