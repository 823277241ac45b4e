//! Restores that somebody has acknowledged.

use time::OffsetDateTime;

use super::checkpoint::Checkpoint;

/// A row of the audit log by which somebody goes on with a store that was restored from a backup.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AcknowledgedRestore {
    /// The row.
    pub seq: u64,
    /// When.
    pub at: OffsetDateTime,
    /// Who.
    pub actor: String,
    /// The row of the checkpoint that the store was older than.
    pub instead_of: Option<u64>,
    /// What was signed, if it was for this log. Whoever can write to the database can write such a row, which counts for
    /// nothing without, as those that were written at first. Whose key it is, is for [`Checkpoint::is_by`].
    pub signed: Option<Checkpoint>,
}

impl AcknowledgedRestore {
    /// Whether it is in place of this checkpoint, and by the same key.
    #[must_use]
    pub fn passes_over(&self, checkpoint: &Checkpoint) -> bool {
        let signed = self.signed.as_ref();
        signed.is_some_and(|signed| signed.is_instead_of(checkpoint))
    }
}
