//! One agent at a time at a directory.

use std::fs::File;
use std::path::Path;

/// Keeps other agents from a directory, in this process and in others, until it is dropped or the process ends.
#[derive(Debug)]
pub(super) struct Turn {
    _directory: Option<File>,
}

impl Turn {
    /// `None` if it is another one's.
    ///
    /// Where a directory cannot be locked, as on some file systems of the network and on Windows, nobody is waited for.
    pub(super) fn at(directory: &Path) -> Option<Self> {
        #[cfg(unix)]
        {
            use rustix::fs::{FlockOperation, flock};
            use rustix::io::Errno;

            let directory = File::open(directory).ok();
            let locked = directory
                .as_ref()
                .map(|it| flock(it, FlockOperation::NonBlockingLockExclusive));
            match locked {
                Some(Err(Errno::WOULDBLOCK)) => None,
                _ => Some(Self {
                    _directory: directory,
                }),
            }
        }
        #[cfg(not(unix))]
        {
            let _ = directory;
            Some(Self { _directory: None })
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_turn_is_had_by_one() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let turn = Turn::at(one.path()).unwrap();
        assert!(Turn::at(one.path()).is_none());
        assert!(Turn::at(other.path()).is_some());
        drop(turn);
        assert!(Turn::at(one.path()).is_some());
        // Who opens it will say what is wrong with it.
        assert!(Turn::at(&one.path().join("missing")).is_some());
    }
}
