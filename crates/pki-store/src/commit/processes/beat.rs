//! Signs of life of processes.

use crate::StoreError;
use crate::commit::transaction::Transaction;
use crate::database::{Many, values};

/// A process is there, and this is its time.
#[derive(Clone)]
pub(crate) struct Beat {
    pub(crate) id: [u8; 16],
    pub(crate) name: String,
    /// Milliseconds since 1970.
    pub(crate) at: i64,
    pub(crate) in_doubt: bool,
    /// Processes that have not been there for long.
    pub(crate) gone: Vec<[u8; 16]>,
}

/// A process ends.
#[derive(Clone)]
pub(crate) struct Leave {
    pub(crate) id: [u8; 16],
}

impl Beat {
    pub(crate) async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
        let sql = "INSERT INTO processes (id, name, beat, at, in_doubt) VALUES ($1, $2, 1, $3, $4) \
                   ON CONFLICT (id) DO UPDATE SET beat = processes.beat + 1, at = excluded.at, \
                   in_doubt = excluded.in_doubt";
        let in_doubt = i64::from(self.in_doubt);
        let parameters = values![self.id, self.name.as_str(), self.at, in_doubt];
        transaction.session.query(sql, parameters).await?;
        let gone = self.gone.iter().map(|id| values![*id]).collect();
        let forget = Many::Change(FORGET);
        transaction.session.query_each(forget, gone).await?;
        Ok(())
    }
}

impl Leave {
    pub(crate) async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
        transaction.session.query(FORGET, values![self.id]).await?;
        Ok(())
    }
}

const FORGET: &str = "DELETE FROM processes WHERE id = $1";
