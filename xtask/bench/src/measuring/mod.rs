//! How something is measured, where, and with which releases.

pub(crate) mod clock;
pub(crate) mod counter;
pub(crate) mod machine;
pub(crate) mod versions;
