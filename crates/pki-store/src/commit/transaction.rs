//! One transaction of the writer.

use serde::Serialize;
use time::OffsetDateTime;
use x509_identity::SerialNumber;

use crate::StoreError;
use crate::audit::{AuditEvent, AuditHead, AuditRow};
use crate::database::{Many, Row, Session, values};
use crate::record::Actor;

/// A transaction that writes: the end of the audit log as it will be, and the rows that are to be added.
pub(crate) struct Transaction<'s> {
    pub(crate) session: &'s mut Session,
    head: AuditHead,
    revision: u64,
    rows: Vec<AuditRow>,
}

/// Where a transaction was, to go back there.
pub(crate) struct Mark {
    head: AuditHead,
    revision: u64,
    rows: usize,
}

impl<'s> Transaction<'s> {
    /// Begins one, and waits until no other process has one. `known` is where the audit log has ended before, if this is
    /// the first transaction of a session.
    ///
    /// # Errors
    ///
    /// [`StoreError::Older`] if it has not got there: the server that leads now has not everything that was committed.
    pub(crate) async fn begin(
        session: &'s mut Session,
        known: Option<AuditHead>,
    ) -> Result<Self, StoreError> {
        let columns = "revision, audit_seq, audit_hash";
        let row = session.begin_write_at(columns).await?;
        let begun = async {
            let begun = read(&row)?;
            if let Some(known) = known {
                has_not_gone_back(session, known).await?;
            }
            Ok(begun)
        };
        let (revision, head) = match begun.await {
            Ok(begun) => begun,
            Err(error) => {
                let _ = session.batch("ROLLBACK").await;
                return Err(error);
            }
        };
        Ok(Self {
            session,
            head,
            revision,
            rows: Vec::new(),
        })
    }

    /// Adds a row to the audit log. `detail` becomes an object of JSON.
    pub(crate) fn audit(
        &mut self,
        event: AuditEvent,
        at: OffsetDateTime,
        actor: &Actor,
        ca: &str,
        serial: Option<&SerialNumber>,
        detail: impl Serialize,
    ) {
        let mut row = AuditRow {
            seq: self.head.seq + 1,
            at,
            event: event.as_str().to_owned(),
            actor: actor.as_str().to_owned(),
            ca: ca.to_owned(),
            serial: serial.cloned(),
            detail: serde_json::to_string(&detail).expect("its names are texts"),
            hash: [0; 32],
        };
        row.hash = row.hash_after(&self.head.hash);
        self.head = AuditHead {
            seq: row.seq,
            hash: row.hash,
        };
        self.rows.push(row);
    }

    /// The revision of the next revocation, which is in the audit log, too.
    pub(crate) fn next_revision(&mut self) -> u64 {
        self.revision += 1;
        self.revision
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark {
            head: self.head,
            revision: self.revision,
            rows: self.rows.len(),
        }
    }

    pub(crate) fn go_back(&mut self, mark: &Mark) {
        self.head = mark.head;
        self.revision = mark.revision;
        self.rows.truncate(mark.rows);
    }

    /// Writes the audit rows, and makes all of it durable.
    pub(crate) async fn commit(mut self) -> Result<(u64, AuditHead), StoreError> {
        let done = self.finish().await;
        if done.is_err() {
            // What failed stays the reason. The session may be gone, and the transaction with it.
            let _ = self.session.batch("ROLLBACK").await;
        }
        done.map(|()| (self.revision, self.head))
    }

    async fn finish(&mut self) -> Result<(), StoreError> {
        let rows = std::mem::take(&mut self.rows);
        if rows.is_empty() {
            return self.session.commit_unchanged().await;
        }
        let end = Many::Change("UPDATE store SET revision = $1, audit_seq = $2, audit_hash = $3");
        let ends = vec![values![self.revision, self.head.seq, self.head.hash]];
        let values = |row: AuditRow| {
            let serial = row.serial.map(|serial| serial.as_bytes().to_vec());
            values![
                row.seq, row.at, row.event, row.actor, row.ca, serial, row.detail, row.hash
            ]
        };
        let audit = Many::Insert {
            into: "audit (seq, at, event, actor, ca, serial, detail, hash)",
            rest: "",
        };
        let rows = rows.into_iter().map(values).collect();
        let work = vec![(end, ends), (audit, rows)];
        self.session.commit_with(work).await
    }

    pub(crate) async fn roll_back(self) {
        let _ = self.session.batch("ROLLBACK").await;
    }
}

/// Whether the audit log has the row that it has ended with before.
async fn has_not_gone_back(session: &mut Session, known: AuditHead) -> Result<(), StoreError> {
    if known.seq == 0 {
        return Ok(());
    }
    let sql = "SELECT hash FROM audit WHERE seq = $1";
    let row = session.first(sql, values![known.seq]).await?;
    if row.is_some_and(|row| row.blob(0).is_ok_and(|hash| hash == known.hash)) {
        return Ok(());
    }
    let what = format!(
        "row {} of its audit log, which this process has written",
        known.seq
    );
    Err(StoreError::Older { what })
}

/// The revision, and the end of the audit log.
fn read(row: &Row) -> Result<(u64, AuditHead), StoreError> {
    let head = AuditHead {
        seq: row.count(1)?,
        hash: row.array(2)?,
    };
    Ok((row.count(0)?, head))
}
