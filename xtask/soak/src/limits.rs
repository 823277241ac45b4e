//! How much load there is, and how long its traces may last.

use std::time::Duration;

/// The common name of all that is good.
pub(super) const PUMP: &str = "pump.test";

/// How many hostile peers there are at a time.
pub(super) const HOSTILE: usize = 400;

/// How long after the load the server may still hold descriptors of it.
pub(super) const AFTERWARDS: Duration = Duration::from_secs(10);
