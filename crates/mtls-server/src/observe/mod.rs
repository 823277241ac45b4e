//! What an operator sees of each connection and decision: audit events and metrics, and how errors
//! and octets are written there.

pub(crate) mod audit;
pub(crate) mod metrics;
pub(crate) mod text;
