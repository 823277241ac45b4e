//! Trying challenges: by tasks, of whatever process, until one is met or has failed.

mod http;
mod key_authorization;
mod target;
mod tls_alpn;

use std::sync::Arc;
use std::time::Duration;

use pki_store::{AcmeOutcome, DueChallenge};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep, timeout};

use self::key_authorization::KeyAuthorization;
use super::identifier::{HTTP_01, Identifier, TLS_ALPN_01};
use super::problem::{Kind, Problem};
use super::service::{self, Acme};
use crate::enroll::service::now;
use crate::text::sentence;

impl Acme {
    /// Tries challenges and forgets old orders, until `stop` has `true`.
    ///
    /// Several processes can do so with one store. What one has begun and not ended is tried again by another.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let permits = Arc::new(Semaphore::new(AT_ONCE));
        let mut prune_at = Instant::now();
        loop {
            if Instant::now() >= prune_at {
                prune_at += PRUNE;
                self.prune().await;
            }
            let begun = self.begin(&permits).await;
            if begun {
                continue;
            }
            tokio::select! {
                () = self.0.wake.notified() => {}
                () = sleep(POLL) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// Begins to try what is due. `false` if nothing is.
    async fn begin(&self, permits: &Arc<Semaphore>) -> bool {
        let free = u32::try_from(permits.available_permits()).unwrap_or(0);
        if free == 0 {
            return false;
        }
        let ca = self.ca();
        let now = now();
        let due = ca
            .store()
            .claim_acme_challenges(ca.name(), free, now + LEASE, now)
            .await;
        let due = match due {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(target: "pki_enroll", "{}", sentence(&error));
                sleep(AFTER_FAILURE).await;
                return false;
            }
        };
        let begun = !due.is_empty();
        for challenge in due {
            // There is one for each, as nobody else takes any.
            let permit = permits.clone().try_acquire_owned();
            let acme = self.clone();
            tokio::spawn(async move {
                acme.attempt(challenge).await;
                drop(permit);
                acme.0.wake.notify_one();
            });
        }
        begun
    }

    async fn attempt(&self, challenge: DueChallenge) {
        let tried = timeout(DEADLINE, self.try_once(&challenge)).await;
        let late = || {
            Err(Problem::new(
                Kind::Connection,
                "there was no answer in time",
            ))
        };
        let outcome = match tried.unwrap_or_else(|_| late()) {
            Ok(()) => AcmeOutcome::Met { attested: None },
            Err(problem) => failed(&problem, challenge.attempts),
        };
        let (ca, actor) = (self.ca(), service::actor(challenge.account));
        let store = ca.store();
        let finished = store.finish_acme_challenge(challenge.id, outcome, &actor, now());
        if let Err(error) = finished.await {
            // It is tried again when nobody's claim is left.
            tracing::error!(target: "pki_enroll", "{}", sentence(&error));
        }
    }

    async fn try_once(&self, challenge: &DueChallenge) -> Result<(), Problem> {
        let identifier = Identifier::read(&challenge.identifier);
        let identifier = identifier.map_err(|(kind, detail)| Problem::new(kind, detail))?;
        let settings = &self.0.settings;
        let authorization = KeyAuthorization::new(&challenge.token, &challenge.thumbprint);
        match challenge.kind.as_str() {
            HTTP_01 => http::check(settings, &identifier, &authorization).await,
            TLS_ALPN_01 => tls_alpn::check(settings, &identifier, &authorization).await,
            kind => Err(Problem::malformed(format!(
                "there is no challenge `{kind}`"
            ))),
        }
    }

    async fn prune(&self) {
        let ca = self.ca();
        let pruned = ca.store().prune_acme_orders(ca.name(), now() - KEPT).await;
        if let Err(error) = pruned {
            tracing::error!(target: "pki_enroll", "{}", sentence(&error));
        }
    }
}

/// What passes is tried again, after a pause that grows. What was answered wrongly is not.
fn failed(problem: &Problem, attempts: u64) -> AcmeOutcome {
    let passes = matches!(problem.kind(), Kind::Connection | Kind::Dns | Kind::Tls);
    let pause = usize::try_from(attempts).ok();
    let pause = pause.and_then(|attempts| PAUSES.get(attempts.checked_sub(1)?));
    let document = problem.document().to_string();
    match pause.filter(|_| passes) {
        Some(pause) => AcmeOutcome::Later {
            problem: document,
            at: now() + *pause,
        },
        None => AcmeOutcome::Failed { problem: document },
    }
}

/// Between the attempts: five in all.
const PAUSES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];
/// Of one attempt.
const DEADLINE: Duration = Duration::from_secs(10);
/// How long a challenge is a process's, which may have ended.
const LEASE: Duration = Duration::from_secs(60);
/// Challenges that a process tries at the same time.
const AT_ONCE: usize = 16;
/// How often it is looked whether another process has left something, or a pause is over.
const POLL: Duration = Duration::from_secs(1);
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// How long orders are kept that are at their end.
const KEPT: time::Duration = time::Duration::days(7);
/// How often they are forgotten.
const PRUNE: Duration = Duration::from_secs(600);
