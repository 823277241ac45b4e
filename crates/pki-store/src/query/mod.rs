//! Everything that only reads.

pub(crate) mod acme;
mod approvals;
mod attestations;
mod audit;
mod certificates;
mod checkpoints;
mod crls;
mod issuers;
mod processes;
mod records;
mod statuses;
mod tokens;
mod upstream;

pub(crate) use approvals::{approval, approval_by_key, approvals, latest_approvals, pending_of};
pub(crate) use attestations::{attestations, attested_key};
pub(crate) use audit::{audit_head, audit_rows};
pub(crate) use certificates::{
    Ending, by_id, certificates, latest_certificates, next_to_end, select,
};
pub(crate) use checkpoints::{
    acknowledged, check_integrity, checkpoint, missing, newest_checkpoints,
};
pub(crate) use crls::{CrlContent, crl_content, latest_crl, latest_crl_dates, revoked_since};
pub(crate) use issuers::{issuer, issuers};
pub(crate) use processes::{known_until, processes};
pub(crate) use records::contradiction;
pub(crate) use statuses::statuses;
pub(crate) use tokens::{latest_tokens, token, token_by_hash, tokens};
pub(crate) use upstream::{
    LostRequest, UnfinishedOrder, due_orders, lost_orders, lost_requests, order_by_id,
    order_by_request, unknown_serials, untold_revocations,
};
