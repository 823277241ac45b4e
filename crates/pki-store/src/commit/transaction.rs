//! One transaction of the writer.

use time::OffsetDateTime;
use x509_identity::SerialNumber;

use crate::StoreError;
use crate::audit::{AuditEvent, AuditHead, AuditRow};
use crate::database::{Session, values};
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
    /// Begins one, and waits until no other process has one.
    pub(crate) async fn begin(session: &'s mut Session) -> Result<Self, StoreError> {
        session.begin_write().await?;
        match read(session).await {
            Ok((revision, head)) => Ok(Self {
                session,
                head,
                revision,
                rows: Vec::new(),
            }),
            Err(error) => {
                let _ = session.batch("ROLLBACK").await;
                Err(error)
            }
        }
    }

    /// Adds a row to the audit log.
    pub(crate) fn audit(
        &mut self,
        event: AuditEvent,
        at: OffsetDateTime,
        actor: &Actor,
        ca: &str,
        serial: Option<&SerialNumber>,
        detail: serde_json::Value,
    ) {
        let mut row = AuditRow {
            seq: self.head.seq + 1,
            at,
            event: event.as_str().to_owned(),
            actor: actor.as_str().to_owned(),
            ca: ca.to_owned(),
            serial: serial.cloned(),
            detail: detail.to_string(),
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
    pub(crate) async fn commit(mut self) -> Result<u64, StoreError> {
        let done = self.finish().await;
        if done.is_err() {
            // What failed stays the reason. The session may be gone, and the transaction with it.
            let _ = self.session.batch("ROLLBACK").await;
        }
        done.map(|()| self.revision)
    }

    async fn finish(&mut self) -> Result<(), StoreError> {
        let rows = std::mem::take(&mut self.rows);
        if !rows.is_empty() {
            let sql = "UPDATE store SET revision = $1, audit_seq = $2, audit_hash = $3";
            let end = values![self.revision, self.head.seq, self.head.hash];
            self.session.query(sql, end).await?;
        }
        let values = |row: AuditRow| {
            let serial = row.serial.map(|serial| serial.as_bytes().to_vec());
            values![
                row.seq, row.at, row.event, row.actor, row.ca, serial, row.detail, row.hash
            ]
        };
        let sql = "INSERT INTO audit (seq, at, event, actor, ca, serial, detail, hash) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let rows = rows.into_iter().map(values).collect();
        self.session.query_each(sql, rows).await?;
        self.session.batch("COMMIT").await
    }

    pub(crate) async fn roll_back(self) {
        let _ = self.session.batch("ROLLBACK").await;
    }
}

/// The revision, and the end of the audit log.
async fn read(session: &mut Session) -> Result<(u64, AuditHead), StoreError> {
    let columns = "revision, audit_seq, audit_hash";
    let row = session.store_row(columns).await?;
    let head = AuditHead {
        seq: row.count(1)?,
        hash: row.array(2)?,
    };
    Ok((row.count(0)?, head))
}
