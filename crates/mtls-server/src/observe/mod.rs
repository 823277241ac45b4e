//! What an operator sees of each connection and decision: audit events and metrics.

pub(crate) mod audit;
pub(crate) mod metrics;
