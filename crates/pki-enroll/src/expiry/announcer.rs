//! Telling everybody once.

use std::collections::HashSet;
use std::time::Duration;

use pki_store::{Store, StoreError};
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::time::sleep;

use super::list::expiring;
use super::notice::{Expiring, ExpiringKind};
use super::recipient::{AnnounceError, Recipient};
use super::thresholds::Thresholds;
use crate::observe::metrics;
use crate::text::sentence;

/// Tells each recipient of what ends soon, once for each threshold that was passed.
///
/// What was told is recorded in the store, so that neither a restart nor a second process repeats it. What could not be
/// told is told the next time.
#[derive(Debug)]
pub struct Announcer {
    store: Store,
    recipients: Vec<Recipient>,
    thresholds: Thresholds,
    /// What this process has told.
    told: HashSet<String>,
}

/// What a round has not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnnouncerError {
    /// The store could not be read, or what was told not be recorded.
    #[error("what ends soon is not known")]
    Store(#[source] StoreError),

    /// A recipient was not told.
    #[error("{name} ends at {not_after}, and nobody was told")]
    Tell {
        /// What ends.
        name: String,
        /// When.
        not_after: OffsetDateTime,
        /// Why not.
        source: AnnounceError,
    },
}

impl Announcer {
    /// Tells `recipients` of what is in `store`. Without any, the metrics say how much ends soon.
    #[must_use]
    pub fn new(store: Store, recipients: Vec<Recipient>, thresholds: Thresholds) -> Self {
        Self {
            store,
            recipients,
            thresholds,
            told: HashSet::new(),
        }
    }

    /// Tells what has passed a threshold at `now`, and returns how many times somebody was told.
    ///
    /// A recipient that fails is not tried again in this round.
    ///
    /// # Errors
    ///
    /// [`AnnouncerError::Store`] at once, and the first [`AnnouncerError::Tell`] after everybody else was told.
    pub async fn announce(&mut self, now: OffsetDateTime) -> Result<usize, AnnouncerError> {
        let found = expiring(&self.store, self.thresholds.longest(), now).await;
        let found = found.map_err(AnnouncerError::Store)?;
        for kind in ALL {
            metrics::expiring(kind, found.iter().filter(|it| it.kind == kind).count());
        }
        let mut count = 0;
        let mut failure = None;
        for recipient in &self.recipients {
            for notice in &found {
                let left = notice.not_after - now;
                let Some(threshold) = self.thresholds.passed(notice.period, left) else {
                    continue;
                };
                let mut notice = notice.clone();
                notice.threshold = Some(threshold);
                let key = key(&notice, recipient);
                if self.told.contains(&key) {
                    continue;
                }
                // Some time after the end, the certificate is not found any more.
                let until = notice.not_after + time::Duration::days(365);
                let claimed = self.store.claim(&key, until, now).await;
                if !claimed.map_err(AnnouncerError::Store)? {
                    self.told.insert(key);
                    continue;
                }
                let told = recipient.tell(&notice).await;
                metrics::announced(if told.is_ok() { "told" } else { "failed" });
                if let Err(source) = told {
                    // So that another process, or this one after a restart, can tell it.
                    let released = self.store.claim(&key, now, now).await;
                    released.map_err(AnnouncerError::Store)?;
                    failure.get_or_insert(AnnouncerError::Tell {
                        name: notice.name,
                        not_after: notice.not_after,
                        source,
                    });
                    break;
                }
                self.told.insert(key);
                count += 1;
            }
        }
        failure.map_or(Ok(count), Err)
    }

    /// Runs until `stop` says so, or is dropped: every hour, and 5 minutes after a failure, which is logged.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => {}
            () = self.run_for_ever() => {}
        }
    }

    async fn run_for_ever(&mut self) {
        loop {
            match self.announce(OffsetDateTime::now_utc()).await {
                Ok(0) => sleep(EVERY).await,
                Ok(count) => {
                    tracing::info!(target: "pki_enroll", count, "announced what ends soon");
                    sleep(EVERY).await;
                }
                Err(error) => {
                    tracing::error!(target: "pki_enroll", "{}", sentence(&error));
                    sleep(AFTER_FAILURE).await;
                }
            }
        }
    }
}

/// What is told once.
fn key(notice: &Expiring, recipient: &Recipient) -> String {
    format!(
        "expiring {} {} {} {} {} {}",
        notice.kind.as_str(),
        notice.ca,
        notice.serial.as_deref().unwrap_or(&notice.name),
        notice.not_after.unix_timestamp(),
        notice.threshold.unwrap_or_default().whole_minutes(),
        recipient.digest(),
    )
}

const ALL: [ExpiringKind; 4] = [
    ExpiringKind::Ca,
    ExpiringKind::Crl,
    ExpiringKind::Leaf,
    ExpiringKind::Responder,
];
const EVERY: Duration = Duration::from_secs(3600);
const AFTER_FAILURE: Duration = Duration::from_secs(300);
