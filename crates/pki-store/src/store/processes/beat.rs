//! The processes that share a store.

use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use time::OffsetDateTime;

use super::peers::Peers;
use crate::commit::{Beat, Leave, Operation};
use crate::processes::ClockState;
use crate::record::shortened;
use crate::store::Store;
use crate::{StoreError, query};

impl Store {
    /// Says that this process is there and what time it is, and looks what the others have said. To be called every 2 s by
    /// a process that goes on issuing, with a `name` for people; and before it issues anything, until its clock is no
    /// longer [`ClockState::Comparing`], which is at most 10 s.
    ///
    /// A process whose clock is off by more than 30 s from those of most others then issues nothing, and signs no CRL, by
    /// this handle: [`IssueError::Clock`](crate::IssueError::Clock). The clock of the database plays no part, as it jumps
    /// when another server becomes the primary.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be written or read; the state stays what it was.
    pub async fn beat(&self, name: &str, now: OffsetDateTime) -> Result<ClockState, StoreError> {
        let begun = Instant::now();
        let (in_doubt, gone) = {
            let peers = self.peers();
            let is_known = peers.looked.is_some();
            let in_doubt = !is_known || !peers.state.may_sign();
            (in_doubt, peers.comparison.gone())
        };
        let operation = Beat {
            id: self.0.holder,
            name: shortened(name, MAX_NAME).replace('\0', "\u{fffd}"),
            at: milliseconds(now),
            in_doubt,
            gone,
        };
        let _done: bool = self.commit(Operation::Beat(operation)).await?;
        let (state, _) = self.look(now, begun).await?;
        Ok(state)
    }

    /// Compares the clock of this process with what those have said that [are there](Self::beat), and says nothing of
    /// this one: for a command that issues something and ends. To be called again every 2 s while it returns
    /// [`ClockState::Comparing`]. That is at most 10 s, and at once where the clocks agree. What was left of processes that
    /// were killed is then removed, so that the next command does not wait for them.
    ///
    /// A process whose clock is off then issues nothing by this handle, as after [`beat`](Self::beat).
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read; the state stays what it was.
    pub async fn compare_clock(&self, now: OffsetDateTime) -> Result<ClockState, StoreError> {
        let begun = Instant::now();
        let (state, dead) = self.look(now, begun).await?;
        if state != ClockState::Comparing {
            for id in dead {
                let _done: bool = self.commit(Operation::Leave(Leave { id })).await?;
            }
        }
        Ok(state)
    }

    /// Looks what others have said, at `now`, which was at `begun`. Returns what that says of the clock, and which
    /// processes have not been there for a few looks.
    async fn look(
        &self,
        now: OffsetDateTime,
        begun: Instant,
    ) -> Result<(ClockState, Vec<[u8; 16]>), StoreError> {
        let processes = self.read(|session| Box::pin(query::processes(session)));
        let processes = processes.await?;
        let at = milliseconds(now + begun.elapsed());
        let mut peers = self.peers();
        let since = peers.looked.replace(Instant::now());
        let since = since.map_or(Duration::ZERO, |looked| looked.elapsed());
        peers.state = peers.comparison.look(&self.0.holder, &processes, at, since);
        Ok((peers.state, peers.comparison.dead()))
    }

    /// What is known of the clock of this process.
    #[must_use]
    pub fn clock_state(&self) -> ClockState {
        self.peers().state
    }

    /// Says that this process is not there any more.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be written: then the others notice it after a while.
    pub async fn leave(&self) -> Result<(), StoreError> {
        let leave = Leave { id: self.0.holder };
        let _done: bool = self.commit(Operation::Leave(leave)).await?;
        Ok(())
    }

    /// Up to when this store knows everything, by the clocks of the processes that issue: what was revoked before that is
    /// revoked here. For a standby, which lags behind; `None` if no process has [said](Self::beat) what time it is, or only
    /// times that lie in the future of `now`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn known_until(
        &self,
        now: OffsetDateTime,
    ) -> Result<Option<OffsetDateTime>, StoreError> {
        let limit = now + CLOCKS_DIFFER;
        let found = self.read(move |session| Box::pin(query::known_until(session, limit)));
        Ok(found.await?.map(|until| until.min(now)))
    }

    fn peers(&self) -> MutexGuard<'_, Peers> {
        let peers = self.0.peers.lock();
        peers.unwrap_or_else(PoisonError::into_inner)
    }
}

fn milliseconds(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

const MAX_NAME: usize = 256;
const CLOCKS_DIFFER: time::Duration = time::Duration::seconds(30);
