//! What a client is told.

use std::path::PathBuf;

/// What a client is told: where to ask, whom to trust, what to show.
pub(crate) struct Call {
    pub(crate) url: String,
    pub(crate) port: u16,
    pub(crate) ca: PathBuf,
    pub(crate) cert: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) p12: PathBuf,
}
