//! CRLs that were read together, from one file or one answer.

use pki_core::verify::CrlFile;

/// The lists of one file or answer, and what to call it.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) name: String,
    /// SHA-256 of the bytes.
    pub(super) digest: [u8; 32],
    pub(super) lists: CrlFile,
}

/// Reads lists off the threads that serve connections: 64 MiB take a while.
pub(super) async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // Only a panic ends such a task early: let it go on where somebody waits for it.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
