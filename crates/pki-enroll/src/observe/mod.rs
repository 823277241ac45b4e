//! What an operator sees: metrics and health.

pub(crate) mod health;
pub(crate) mod metrics;
