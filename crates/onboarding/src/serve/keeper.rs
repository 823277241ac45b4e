//! The vault, where files are read and written, off the threads that serve.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::vault::Vault;

/// Runs what is to be done with the vault where that may block.
#[derive(Clone, Debug)]
pub(super) struct Keeper(Arc<Vault>);

impl Keeper {
    pub(super) fn new(vault: Vault) -> Self {
        Self(Arc::new(vault))
    }

    /// The result of `what`, which gets the time of now.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        what: impl FnOnce(&Vault, SystemTime) -> T + Send + 'static,
    ) -> T {
        let vault = self.0.clone();
        let done = tokio::task::spawn_blocking(move || what(&vault, SystemTime::now()));
        match done.await {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime ends, and with it whoever waits.
                Err(_) => std::future::pending().await,
            },
        }
    }
}

/// Rounded up.
pub(super) fn minutes(time: Duration) -> u64 {
    time.as_secs().div_ceil(60)
}
