//! Removing what ended long ago.

use time::OffsetDateTime;

use super::Store;
use crate::StoreError;
use crate::commit::{Operation, Prune};

impl Store {
    /// Removes tokens and requests for approval that ended before this time, and returns how many: a thousand of each at
    /// most, so it is to be called again until there are none. The audit log keeps what it says about them.
    ///
    /// A token stays for as long as a request that was made with it, and so do the newest token and the newest request.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be written.
    pub async fn prune(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        self.commit(Operation::Prune(Prune { before })).await
    }
}
