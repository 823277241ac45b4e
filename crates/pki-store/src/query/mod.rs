//! Everything that only reads.

mod audit;
mod certificates;
mod crls;
mod issuers;
mod statuses;

pub(crate) use audit::{audit_head, audit_rows};
pub(crate) use certificates::{by_id, certificates, select};
pub(crate) use crls::{CrlContent, crl_content, latest_crl};
pub(crate) use issuers::issuers;
pub(crate) use statuses::statuses;
