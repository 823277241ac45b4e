//! Who may do what: layers that apply a rule, or ask a policy decision point.

pub(crate) mod authorizer;
pub(crate) mod decide;
#[cfg(feature = "opa")]
pub(crate) mod opa;
pub(crate) mod require;
