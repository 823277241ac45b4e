//! Waiting for what other processes do.

use std::time::{Duration, Instant};

/// How long anything may take that is expected to happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Looks until there is something to be found. As a failure it says that there is not.
#[track_caller]
pub(crate) fn until<T>(missing: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "{missing}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
