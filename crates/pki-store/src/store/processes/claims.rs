//! What is done once, or by one process at a time.

use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

use crate::StoreError;
use crate::commit::{Claim, EndLease, Operation, Seen, TakeLease};
use crate::database::values;
use crate::store::Store;

impl Store {
    /// `true` for the first call with this name, of whatever process, and never again: for what is done once, such as
    /// announcing that a certificate expires.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be written.
    pub async fn claim_once(&self, name: &str) -> Result<bool, StoreError> {
        self.commit(Operation::Claim(Claim {
            name: format!("once:{name}"),
            holder: *Uuid::new_v4().as_bytes(),
        }))
        .await
    }

    /// Whether [`claim_once`](Self::claim_once) was called with this name: for what is recorded after it was done, and so is
    /// done again if the process ends in between.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn was_claimed(&self, name: &str) -> Result<bool, StoreError> {
        let name = format!("once:{name}");
        self.read(move |session| {
            let name = name.clone();
            Box::pin(async move {
                let sql = "SELECT 1 FROM claims WHERE name = $1";
                Ok(session.first(sql, values![name.as_str()]).await?.is_some())
            })
        })
        .await
    }

    /// `true` if this handle now holds the lease of this name for `period`: no other one holds it then. Asking again
    /// prolongs it.
    ///
    /// Clocks that differ or jump do no harm. The lease of another handle is over when it was not prolonged for `period`
    /// since this one has first looked at it, by this one's monotonic clock: so a handle that was just opened has to ask
    /// twice. `now` is for processes of the release before, which compare it with theirs.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read or written.
    pub async fn lease(
        &self,
        name: &str,
        period: Duration,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let name = format!("lease:{name}");
        let wanted = name.clone();
        let found = self.read(move |session| {
            let name = wanted.clone();
            Box::pin(async move { Seen::read(session, &name).await })
        });
        let found = found.await?;
        let holder = self.0.holder;
        let over = match found {
            Some(found) if found.holder != holder && !found.is_free() => {
                if !self.0.leases.is_over(&name, &found, period) {
                    return Ok(false);
                }
                Some(found)
            }
            _ => None,
        };
        let operation = TakeLease {
            name,
            holder,
            over,
            until: (now + period).unix_timestamp(),
        };
        self.commit(Operation::TakeLease(operation)).await
    }

    /// Ends a lease of this handle before its time, so that nobody has to wait for its end. Without such a lease nothing
    /// happens.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be written.
    pub async fn end_lease(&self, name: &str) -> Result<(), StoreError> {
        let lease = EndLease {
            name: format!("lease:{name}"),
            holder: self.0.holder,
        };
        let _: bool = self.commit(Operation::EndLease(lease)).await?;
        Ok(())
    }
}
