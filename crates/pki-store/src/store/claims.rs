//! What is done once, or by one process at a time.

use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

use super::Store;
use crate::StoreError;
use crate::commit::{Claim, Operation};
use crate::database::values;

impl Store {
    /// `true` for the first call with this name, of whatever process, and never again: for what is done once, such as
    /// announcing that a certificate expires.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be written.
    pub async fn claim_once(&self, name: &str) -> Result<bool, StoreError> {
        self.claim(Claim {
            name: format!("once:{name}"),
            holder: *Uuid::new_v4().as_bytes(),
            now: 0,
            until: i64::MAX,
        })
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

    /// `true` if this handle now holds the lease of this name, until `period` after `now`: no other one holds it then.
    /// Asking again prolongs it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be written.
    pub async fn lease(
        &self,
        name: &str,
        period: Duration,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        self.claim(Claim {
            name: format!("lease:{name}"),
            holder: self.0.holder,
            now: now.unix_timestamp(),
            until: (now + period).unix_timestamp(),
        })
        .await
    }

    async fn claim(&self, claim: Claim) -> Result<bool, StoreError> {
        self.commit(Operation::Claim(claim)).await
    }
}
