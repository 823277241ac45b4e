//! ACME: RFC 8555 and what belongs to it.

mod accounts;
mod chains;
mod device;
mod orders;
mod requests;
