//! CRLs that were read together, from one file or one answer.

use pki_core::verify::CrlFile;

/// The CRLs of one file or response.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) name: String,
    /// SHA-256 of the bytes.
    pub(super) digest: [u8; 32],
    pub(super) crls: CrlFile,
}

/// Runs work on a thread that serves no connections: parsing 64 MiB takes a while.
pub(super) async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // Only a panic ends such a task early. It goes on in the task that waits for it.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
