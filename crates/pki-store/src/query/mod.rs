//! Everything that only reads.

mod approvals;
mod audit;
mod certificates;
mod checkpoints;
mod crls;
mod issuers;
mod records;
mod statuses;
mod tokens;

pub(crate) use approvals::{approval, approval_by_key, approvals, pending_of};
pub(crate) use audit::{audit_head, audit_rows};
pub(crate) use certificates::{by_id, certificates, select};
pub(crate) use checkpoints::{acknowledged, check_integrity, checkpoint, missing};
pub(crate) use crls::{CrlContent, crl_content, latest_crl, latest_crl_dates, revoked_since};
pub(crate) use issuers::{issuer, issuers};
pub(crate) use records::contradiction;
pub(crate) use statuses::statuses;
pub(crate) use tokens::{token, token_by_hash, tokens};
