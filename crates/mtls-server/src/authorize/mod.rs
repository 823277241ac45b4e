//! Who may do what: rules, layers, and a decision point elsewhere.

pub(crate) mod authorizer;
#[cfg(feature = "opa")]
pub(crate) mod opa;
pub(crate) mod require;
