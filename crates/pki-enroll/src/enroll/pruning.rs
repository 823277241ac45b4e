//! Removing tokens and requests that ended long ago.

use std::time::Duration;

use pki_store::{Store, StoreError};
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::text::sentence;

/// Removes tokens and requests for approval from a store, 30 days after they have ended. It does so every hour until
/// `stop` says so. The audit log keeps what it says about them.
pub async fn prune_ended(store: Store, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = prune(&store, OffsetDateTime::now_utc()).await {
            tracing::error!(target: "pki_enroll", "{}", sentence(&error));
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = sleep(PERIOD) => {}
        }
    }
}

async fn prune(store: &Store, now: OffsetDateTime) -> Result<(), StoreError> {
    while store.prune(now - KEPT).await? > 0 {}
    Ok(())
}

const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
const PERIOD: Duration = Duration::from_secs(3600);
