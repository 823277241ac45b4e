//! Whether the rows of the log belong to one another.

use x509_identity::SerialNumber;

use super::row::AuditRow;

/// The end of an audit log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AuditHead {
    /// The number of rows.
    pub seq: u64,
    /// The hash of the last row; zeros before the first.
    pub hash: [u8; 32],
}

/// What is wrong with an audit log.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AuditBreak {
    /// A row, or one before it, was changed, or put in its place.
    #[error(
        "row {seq} of the audit log does not follow from the rows before it: it or one of them was changed"
    )]
    Changed {
        /// The row.
        seq: u64,
    },

    /// The checkpoint is of another store.
    #[error("the checkpoint is not one of this store")]
    OtherStore,

    /// Rows are missing in between, or are in another order.
    #[error("row {seq} of the audit log is missing")]
    Missing {
        /// The row.
        seq: u64,
    },

    /// The log ends early.
    #[error("the audit log ends at row {found}, and had {expected} rows")]
    Truncated {
        /// The last row.
        found: u64,
        /// How many rows there were.
        expected: u64,
    },

    /// The log is as it was written, and the certificate that a row is about is not: it was removed, exchanged, has other
    /// names, or is not revoked any more.
    #[error(
        "row {seq} of the audit log is about certificate {serial}, which is not in the store as it was then"
    )]
    Record {
        /// The row.
        seq: u64,
        /// The certificate.
        serial: SerialNumber,
    },

    /// The log is consistent, and not the one of the checkpoint.
    #[error("the audit log was rewritten: row {seq} is not the one that the checkpoint has")]
    Rewritten {
        /// The row of the checkpoint.
        seq: u64,
    },
}

impl AuditHead {
    /// Before the first row.
    pub(crate) const EMPTY: Self = Self {
        seq: 0,
        hash: [0; 32],
    };
}

/// A walk along the rows, from the first.
pub(crate) struct Walk {
    head: AuditHead,
}

impl Walk {
    pub(crate) fn new() -> Self {
        Self {
            head: AuditHead::EMPTY,
        }
    }

    pub(crate) fn head(&self) -> AuditHead {
        self.head
    }

    /// Takes the next row.
    pub(crate) fn step(&mut self, row: &AuditRow) -> Result<(), AuditBreak> {
        let seq = self.head.seq + 1;
        if row.seq != seq {
            return Err(AuditBreak::Missing { seq });
        }
        if row.hash != row.hash_after(&self.head.hash) {
            return Err(AuditBreak::Changed { seq });
        }
        self.head = AuditHead {
            seq,
            hash: row.hash,
        };
        Ok(())
    }

    /// At the end: whether this is all.
    pub(crate) fn finish(&self, expected: AuditHead) -> Result<(), AuditBreak> {
        if self.head.seq < expected.seq {
            return Err(AuditBreak::Truncated {
                found: self.head.seq,
                expected: expected.seq,
            });
        }
        if self.head != expected {
            return Err(AuditBreak::Changed { seq: self.head.seq });
        }
        Ok(())
    }
}
