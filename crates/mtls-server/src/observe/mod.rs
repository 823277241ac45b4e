//! What an operator sees: audit events, metrics, health.

pub(crate) mod audit;
pub(crate) mod health;
pub(crate) mod measure;
