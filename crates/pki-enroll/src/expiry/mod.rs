//! What ends soon, and who is told.

pub(crate) mod announcer;
pub(crate) mod exec;
pub(crate) mod list;
pub(crate) mod notice;
pub(crate) mod recipient;
pub(crate) mod thresholds;
pub(crate) mod webhook;
