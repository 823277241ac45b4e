//! Being there, and comparing clocks with the other processes that share a store.

use std::time::Duration;

use pki_store::{ClockState, Store, StoreError};
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::observe::health::Health;
use crate::observe::metrics;
use crate::text::sentence;

/// Says every 2 s that this process is there and what time it is, by [`Store::beat`], and reports what its clock is worth.
#[derive(Debug)]
pub struct Heartbeat {
    store: Store,
    name: String,
    health: Health,
}

impl Heartbeat {
    /// Of a process that people know by `name`.
    #[must_use]
    pub fn new(store: Store, name: impl Into<String>, health: Health) -> Self {
        Self {
            store,
            name: name.into(),
            health,
        }
    }

    /// Waits until it is known whether the clock is right, which is at most 10 s: before anything is issued.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be written.
    pub async fn compare(&self) -> Result<ClockState, StoreError> {
        loop {
            let state = self.beat().await?;
            if state != ClockState::Comparing {
                return Ok(state);
            }
            sleep(EVERY).await;
        }
    }

    /// Runs until `stop` says so, or is dropped, and then leaves. A store that cannot be written is logged.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => {}
            () = self.run_for_ever() => {}
        }
        // Whoever does not hear of it notices by itself; nobody waits for a store that is gone.
        let left = tokio::time::timeout(EVERY, self.store.leave()).await;
        if let Ok(Err(error)) = left {
            tracing::debug!(target: "pki_enroll", "{}", sentence(&error));
        }
    }

    async fn run_for_ever(&self) {
        loop {
            sleep(EVERY).await;
            if let Err(error) = self.beat().await {
                tracing::error!(target: "pki_enroll", "{}", sentence(&error));
            }
        }
    }

    async fn beat(&self) -> Result<ClockState, StoreError> {
        let before = self.store.clock_state();
        let now = OffsetDateTime::now_utc();
        let state = self.store.beat(&self.name, now).await?;
        self.health.clock(state);
        metrics::clock(state);
        if std::mem::discriminant(&state) != std::mem::discriminant(&before) {
            match state {
                ClockState::Wrong { .. } => {
                    tracing::error!(target: "pki_enroll", "{state}; nothing is issued");
                }
                ClockState::Disputed { .. } => tracing::warn!(target: "pki_enroll", "{state}"),
                _ => tracing::info!(target: "pki_enroll", "{state}"),
            }
        }
        Ok(state)
    }
}

const EVERY: Duration = Duration::from_secs(2);
