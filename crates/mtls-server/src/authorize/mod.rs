//! Who may do what: rules, layers, and a decision point elsewhere.

pub(crate) mod authorizer;
pub(crate) mod decide;
#[cfg(feature = "opa")]
pub(crate) mod opa;
pub(crate) mod require;
