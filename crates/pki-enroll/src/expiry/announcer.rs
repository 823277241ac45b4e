//! Telling everybody once.

use std::collections::HashSet;
use std::time::Duration;

use pki_store::{Store, StoreError};
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::list::expiring_of;
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
    /// Another process was telling.
    waits: bool,
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
            waits: false,
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
        let within = self.thresholds.longest();
        let matters = |period, left| self.thresholds.passed(period, left).is_some();
        let found = expiring_of(&self.store, within, now, matters).await;
        let found = found.map_err(AnnouncerError::Store)?;
        let due: Vec<_> = found
            .into_iter()
            .filter_map(|it| self.due(it, now))
            .collect();
        for kind in ALL {
            metrics::expiring(
                kind.as_str(),
                due.iter().filter(|it| it.kind == kind).count(),
            );
        }
        self.waits = false;
        let mut count = 0;
        let mut failure = None;
        for recipient in self.recipients.clone() {
            match self.tell_all(&recipient, &due, now).await {
                Ok(told) => count += told,
                Err(error @ AnnouncerError::Store(_)) => return Err(error),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        if count > 0 || failure.is_some() {
            let ended = self.store.end_lease(TELLING).await;
            ended.map_err(AnnouncerError::Store)?;
        }
        failure.map_or(Ok(count), Err)
    }

    fn due(&self, mut notice: Expiring, now: OffsetDateTime) -> Option<Expiring> {
        let passed = self
            .thresholds
            .passed(notice.period, notice.not_after - now);
        notice.threshold = passed;
        passed.map(|_| notice)
    }

    async fn tell_all(
        &mut self,
        recipient: &Recipient,
        due: &[Expiring],
        now: OffsetDateTime,
    ) -> Result<usize, AnnouncerError> {
        let begun = Instant::now();
        let mut count = 0;
        for notice in due {
            let key = key(notice, recipient);
            if self.told.contains(&key) {
                continue;
            }
            let store = |error| AnnouncerError::Store(error);
            // One process tells at a time. It records that it has told, so if it ends in between, it is told twice.
            let now = now + begun.elapsed();
            if !self.store.lease(TELLING, LEASE, now).await.map_err(store)? {
                self.waits = true;
                return Ok(count);
            }
            if !self.store.was_claimed(&key).await.map_err(store)? {
                let told = recipient.tell(notice).await;
                metrics::announced(if told.is_ok() { "told" } else { "failed" });
                told.map_err(|source| AnnouncerError::Tell {
                    name: notice.name.clone(),
                    not_after: notice.not_after,
                    source,
                })?;
                self.store.claim_once(&key).await.map_err(store)?;
                count += 1;
            }
            self.told.insert(key);
        }
        Ok(count)
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
                Ok(count) => {
                    if count > 0 {
                        tracing::info!(target: "pki_enroll", count, "announced what ends soon");
                    }
                    sleep(if self.waits { LEASE } else { EVERY }).await;
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
/// The lease of the process that tells.
const TELLING: &str = "announce";
/// How long telling one recipient may take, before another process goes on.
const LEASE: Duration = Duration::from_secs(60);
const EVERY: Duration = Duration::from_secs(3600);
const AFTER_FAILURE: Duration = Duration::from_secs(300);
