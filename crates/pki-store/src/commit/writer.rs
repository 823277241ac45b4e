//! The one writer of a process: it takes what waits, and makes one transaction of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::operation::Operation;
use super::reply::Reply;
use super::transaction::Transaction;
use crate::StoreError;
use crate::audit::AuditHead;
use crate::commit::issue::outcome::record_all;
use crate::commit::issue::reserve::reserve_all;
use crate::database::{Patience, Session, Target, at_once};

/// Called at each step of what a store does, by the name of the step: for tests that end the process there.
pub(crate) type Hook = Arc<dyn Fn(&'static str) + Send + Sync>;

/// Where operations are handed in.
#[derive(Clone)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<Job>,
    /// The revision after the last transaction, sent after each of them.
    committed: watch::Receiver<u64>,
}

struct Job {
    operation: Operation,
    reply: oneshot::Sender<Result<Reply, StoreError>>,
}

/// The other end.
struct Desk {
    /// None after it was lost.
    session: Option<Session>,
    /// Where the audit log ended with the last transaction.
    head: Option<AuditHead>,
    target: Target,
    /// How long to try again while the server is gone.
    patience: Duration,
    committed: watch::Sender<u64>,
    hook: Option<Hook>,
}

impl Writer {
    /// Begins to write, first with this session: SQLite on a thread of its own, PostgreSQL in a task. While the server is
    /// gone it tries again for as long as `patience`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Disk`] if the system gives no thread.
    pub(crate) fn start(
        session: Session,
        target: Target,
        patience: Duration,
        hook: Option<Hook>,
    ) -> Result<Self, StoreError> {
        let (sender, jobs) = mpsc::channel(BATCH * 4);
        let (committed, receiver) = watch::channel(0);
        if target.is_read_only() {
            tokio::spawn(refuse(jobs, committed));
            return Ok(Self {
                jobs: sender,
                committed: receiver,
            });
        }
        let blocks = target.blocks();
        let mut desk = Desk {
            session: Some(session),
            head: None,
            target,
            patience,
            committed,
            hook,
        };
        if blocks {
            let thread = std::thread::Builder::new().name("pki-store".into());
            let work = move || at_once_with(jobs, desk);
            let started = thread.spawn(work);
            started.map_err(|error| StoreError::Disk(Arc::new(error)))?;
        } else {
            let mut jobs = jobs;
            tokio::spawn(async move {
                let mut batch = Vec::with_capacity(BATCH);
                while jobs.recv_many(&mut batch, BATCH).await > 0 {
                    desk.serve(std::mem::take(&mut batch)).await;
                }
            });
        }
        Ok(Self {
            jobs: sender,
            committed: receiver,
        })
    }

    /// Has it done, durably. If nobody waits for the answer any more, it is done all the same.
    pub(crate) async fn commit(&self, operation: Operation) -> Result<Reply, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Job { operation, reply };
        self.jobs.send(job).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    pub(crate) fn committed(&self) -> watch::Receiver<u64> {
        self.committed.clone()
    }
}

/// Why a batch was not written.
enum Failure {
    /// It would have been the same with each of its operations.
    Begin(StoreError),
    /// One of them may be the reason.
    Within(StoreError),
}

type Answers = Vec<Result<Reply, StoreError>>;

/// A store that is only read has no writer. Whoever waits for its commits waits for ever, so `committed` stays.
async fn refuse(mut jobs: mpsc::Receiver<Job>, committed: watch::Sender<u64>) {
    while let Some(job) = jobs.recv().await {
        let error = StoreError::ReadOnly(Arc::new(OpenedToBeRead));
        let _ = job.reply.send(Err(error));
    }
    drop(committed);
}

#[derive(Debug, thiserror::Error)]
#[error("it was opened to be read")]
struct OpenedToBeRead;

fn at_once_with(mut jobs: mpsc::Receiver<Job>, mut desk: Desk) {
    let mut batch = Vec::with_capacity(BATCH);
    while jobs.blocking_recv_many(&mut batch, BATCH) > 0 {
        at_once(desk.serve(std::mem::take(&mut batch)));
    }
}

impl Desk {
    async fn serve(&mut self, batch: Vec<Job>) {
        let (operations, replies): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .map(|job| (job.operation, job.reply))
            .unzip();
        match self.persist(&operations).await {
            Ok(answers) => {
                // Whoever has asked may share what he has handed in, and then has it for himself again.
                drop(operations);
                for (reply, answer) in replies.into_iter().zip(answers) {
                    // Whoever has asked may be gone.
                    let _ = reply.send(answer);
                }
            }
            Err(Failure::Within(_)) if operations.len() > 1 => {
                for (operation, reply) in operations.iter().zip(replies) {
                    let answer = match self.persist(std::slice::from_ref(operation)).await {
                        Ok(answers) => answers
                            .into_iter()
                            .next()
                            .unwrap_or(Err(StoreError::Closed)),
                        Err(Failure::Begin(error) | Failure::Within(error)) => Err(error),
                    };
                    let _ = reply.send(answer);
                }
            }
            Err(Failure::Begin(error) | Failure::Within(error)) => {
                for reply in replies {
                    let _ = reply.send(Err(error.clone()));
                }
            }
        }
    }

    /// Attempts it again for a while if the server is gone. It may have done the work and not have said so, and each
    /// operation can be repeated.
    async fn persist(&mut self, operations: &[Operation]) -> Result<Answers, Failure> {
        let mut patience = Patience::new(self.patience);
        loop {
            let unavailable = match self.attempt(operations).await {
                Err(
                    Failure::Begin(error @ StoreError::Unavailable(_))
                    | Failure::Within(error @ StoreError::Unavailable(_)),
                ) => error,
                other => return other,
            };
            self.session = None;
            self.target.lost();
            tracing::warn!(
                error = &unavailable as &dyn std::error::Error,
                "the store's database is gone"
            );
            if !patience.wait().await {
                return Err(Failure::Begin(unavailable));
            }
        }
    }

    async fn attempt(&mut self, operations: &[Operation]) -> Result<Answers, Failure> {
        let (mut session, known) = match self.session.take() {
            Some(session) => (session, None),
            None => (
                self.target.connect().await.map_err(Failure::Begin)?,
                self.head,
            ),
        };
        let written = self.write(&mut session, known, operations).await;
        // A session that could not begin may not have been asked what the server has, and one that was may lead to a
        // server that has lost something. The next one is asked.
        if !matches!(written, Err(Failure::Begin(_))) {
            self.session = Some(session);
        }
        written
    }

    async fn write(
        &mut self,
        session: &mut Session,
        known: Option<AuditHead>,
        operations: &[Operation],
    ) -> Result<Answers, Failure> {
        let transaction = Transaction::begin(session, known).await;
        let mut transaction = transaction.map_err(Failure::Begin)?;
        self.step("begun");
        let answers = match apply_all(&mut transaction, operations).await {
            Ok(answers) => answers,
            Err(error) if operations.len() == 1 && is_refusal(&error) => {
                transaction.roll_back().await;
                return Ok(vec![Err(error)]);
            }
            Err(error) => {
                transaction.roll_back().await;
                return Err(Failure::Within(error));
            }
        };
        self.step("applied");
        let (revision, head) = transaction.commit().await.map_err(Failure::Within)?;
        self.head = Some(head);
        self.step("committed");
        // The same revision is news, too: an order may wait for what became of another one.
        self.committed.send_replace(revision);
        Ok(answers)
    }

    fn step(&self, name: &'static str) {
        if let Some(hook) = &self.hook {
            hook(name);
        }
    }
}

/// The answers, in the order of the operations. What is written for the whole batch comes last.
async fn apply_all(
    transaction: &mut Transaction<'_>,
    operations: &[Operation],
) -> Result<Vec<Result<Reply, StoreError>>, StoreError> {
    let mut answers: Vec<Option<Result<Reply, StoreError>>> = Vec::new();
    let mut reservations = Vec::new();
    let mut outcomes = Vec::new();
    for operation in operations {
        answers.push(match operation {
            Operation::Reserve(reservation) => {
                reservations.push(reservation.as_ref());
                None
            }
            Operation::Outcome(outcome) => {
                outcomes.push(outcome);
                None
            }
            other if operations.len() == 1 => Some(Ok(other.apply(transaction).await?)),
            other => Some(apply_one(transaction, other).await?),
        });
    }
    let mut reserved = Vec::new().into_iter();
    if !reservations.is_empty() {
        reserved = reserve_all(transaction, &reservations).await?.into_iter();
    }
    let mut recorded = Vec::new().into_iter();
    if !outcomes.is_empty() {
        recorded = record_all(transaction, &outcomes).await?.into_iter();
    }
    let answer = |(operation, answer): (&Operation, Option<_>)| match (operation, answer) {
        (_, Some(answer)) => answer,
        (Operation::Reserve(_), None) => reserved
            .next()
            .map(Reply::Reserved)
            .ok_or(StoreError::Closed),
        (_, None) => recorded.next().map(Reply::Done).ok_or(StoreError::Closed),
    };
    Ok(operations.iter().zip(answers).map(answer).collect())
}

/// Undone if it is refused, and the rest goes on.
///
/// What is alone needs no savepoint: it is undone with its transaction. To SQLite a savepoint is a journal in memory, of which
/// each statement goes through all that those before it have left, so that a large import would take hours.
async fn apply_one(
    transaction: &mut Transaction<'_>,
    operation: &Operation,
) -> Result<Result<Reply, StoreError>, StoreError> {
    let mark = transaction.mark();
    transaction.session.batch("SAVEPOINT operation").await?;
    let answer = operation.apply(transaction).await;
    match answer {
        Ok(reply) => {
            transaction
                .session
                .batch("RELEASE SAVEPOINT operation")
                .await?;
            Ok(Ok(reply))
        }
        Err(error) if is_refusal(&error) => {
            let undo = "ROLLBACK TO SAVEPOINT operation";
            transaction.session.batch(undo).await?;
            transaction.go_back(&mark);
            Ok(Err(error))
        }
        Err(error) => Err(error),
    }
}

/// An answer to whoever has asked, and no failure of the database.
fn is_refusal(error: &StoreError) -> bool {
    matches!(error, StoreError::NotFound { .. } | StoreError::Refused(_))
}

/// Operations in one transaction.
const BATCH: usize = 256;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::StoreUrl;
    use crate::commit::Claim;
    use crate::database::{Access, migrate};

    #[test]
    fn a_store_that_is_behind_is_refused_also_after_waiting_in_vain_for_another_writer() {
        let directory = tempfile::tempdir().unwrap();
        let url = StoreUrl::from(directory.path().join("store.db"));
        let target = Target::new(&url, Access::Create, Duration::ZERO).unwrap();
        let mut other = at_once(target.connect()).unwrap();
        at_once(migrate(&mut other, Some([0; 16]))).unwrap();
        // As after its server was lost: the audit log of the one that leads now lacks this row.
        let mut desk = Desk {
            session: None,
            head: Some(AuditHead {
                seq: 7,
                hash: [7; 32],
            }),
            target,
            patience: Duration::ZERO,
            committed: watch::channel(0).0,
            hook: None,
        };
        let claim = Operation::Claim(Claim {
            name: "once".into(),
            holder: [1; 16],
        });
        let mut error = || match at_once(desk.persist(std::slice::from_ref(&claim))) {
            Err(Failure::Begin(error)) => Some(error),
            _ => None,
        };
        at_once(other.begin_write()).unwrap();
        assert!(matches!(error(), Some(StoreError::Locked(_))));
        at_once(other.batch("ROLLBACK")).unwrap();
        assert!(matches!(error(), Some(StoreError::Older { .. })));
        assert!(matches!(error(), Some(StoreError::Older { .. })));
    }
}
