//! Enrolment over Secure Transport (RFC 7030, with the corrections of RFC 8951 and RFC 9908).

mod body;
mod certs_only;
mod csr_attributes;
mod lines;
mod operation;
mod response;
pub(crate) mod routes;
mod spelling;
