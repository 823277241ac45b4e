//! What entitles to a certificate: tokens, approvals, what a device has proved.

mod approvals;
mod attestations;
mod tokens;
