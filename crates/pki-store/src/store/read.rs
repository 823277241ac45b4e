//! Reading, while others write.

use super::Store;
use super::readers::Reading;
use crate::StoreError;
use crate::database::{Session, at_once};

impl Store {
    /// Reads, off the runtime's threads where that blocks.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        reading: impl for<'s> Fn(&'s mut Session) -> Reading<'s, T> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        let shared = self.0.clone();
        let permit = shared.readers.permits.clone().acquire_owned().await;
        let permit = permit.map_err(|_| StoreError::Closed)?;
        if !shared.readers.target().blocks() {
            return shared.readers.read_patiently(reading).await;
        }
        // The permit goes with the thread, even if nobody waits any more.
        let read = tokio::task::spawn_blocking(move || {
            let read = at_once(shared.readers.read(reading));
            drop(permit);
            read
        });
        read.await.map_err(|_| StoreError::Closed)?
    }
}
