//! Files that their owner alone can read, from their first byte.

use std::fs::OpenOptions;

/// To open a file; if it is made, it is so, where the system has such permissions.
pub(crate) fn owner_only() -> OpenOptions {
    #[cfg_attr(not(unix), allow(unused_mut, reason = "the mode is set on Unix"))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
