//! What one process does at a time.

use crate::StoreError;
use crate::commit::transaction::Transaction;
use crate::database::{Session, values};

/// A lease that a process wants to have, or to keep.
#[derive(Clone)]
pub(crate) struct TakeLease {
    pub(crate) name: String,
    pub(crate) holder: [u8; 16],
    /// What it was for longer than a lease lasts, by the clock of whoever wants to have it.
    pub(crate) over: Option<Seen>,
    /// For processes of the release before, which compare clocks.
    pub(crate) until: i64,
}

/// A lease that its holder needs no more.
#[derive(Clone)]
pub(crate) struct EndLease {
    pub(crate) name: String,
    pub(crate) holder: [u8; 16],
}

/// A lease as it was seen. Whoever holds it prolongs it by changing it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Seen {
    pub(crate) holder: Vec<u8>,
    pub(crate) beat: i64,
    pub(crate) until: i64,
}

impl Seen {
    /// Whether whoever had it has ended it.
    pub(crate) fn is_free(&self) -> bool {
        self.holder.is_empty()
    }

    /// What is in the store; `None` for a lease that nobody ever had.
    pub(crate) async fn read(
        session: &mut Session,
        name: &str,
    ) -> Result<Option<Self>, StoreError> {
        let sql = "SELECT holder, beat, until FROM claims WHERE name = $1";
        let row = session.first(sql, values![name]).await?;
        row.map(|row| {
            Ok(Self {
                holder: row.blob(0)?.to_vec(),
                beat: row.int(1)?,
                until: row.int(2)?,
            })
        })
        .transpose()
    }
}

impl TakeLease {
    /// `true` if it is had now.
    pub(crate) async fn apply(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> Result<bool, StoreError> {
        let session = &mut *transaction.session;
        let found = Seen::read(session, &self.name).await?;
        let is_free = match &found {
            None => true,
            Some(found) => {
                found.is_free() || found.holder == self.holder || self.over.as_ref() == Some(found)
            }
        };
        if is_free {
            let sql = "INSERT INTO claims (name, holder, until, beat) VALUES ($1, $2, $3, 1) \
                       ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until, \
                       beat = claims.beat + 1";
            let parameters = values![self.name.as_str(), self.holder, self.until];
            session.query(sql, parameters).await?;
        }
        Ok(is_free)
    }
}

impl EndLease {
    pub(crate) async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
        let sql = "UPDATE claims SET holder = $1, until = 0, beat = beat + 1 WHERE name = $2 AND holder = $3";
        let nobody: &[u8] = &[];
        let parameters = values![nobody, self.name.as_str(), self.holder];
        transaction.session.query(sql, parameters).await?;
        Ok(())
    }
}
