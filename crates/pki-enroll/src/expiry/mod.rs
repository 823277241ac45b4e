//! What ends soon, and who is told.

pub(crate) mod exec;
pub(crate) mod notice;
pub(crate) mod recipient;
pub(crate) mod thresholds;
pub(crate) mod webhook;
