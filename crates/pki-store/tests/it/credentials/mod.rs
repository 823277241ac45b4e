//! What entitles somebody to a certificate, used once.

mod acme;
mod approvals;
mod attestations;
mod tokens;
