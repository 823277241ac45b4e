//! Who signs the checkpoints of a CA.

use anyhow::Result;
use pki_store::{Checkpoint, CheckpointError};
use x509_identity::Certificate;

use super::ca::CaDirectory;
use super::keys::{CaKey, CaRole};

/// The issuing CA, and those that it has replaced: each is read once, and only where those before it have not signed.
pub(crate) struct CheckpointSigners<'a> {
    directory: &'a CaDirectory,
    read: Vec<Certificate>,
    unread: std::vec::IntoIter<CaKey>,
}

impl<'a> CheckpointSigners<'a> {
    pub(super) fn of(directory: &'a CaDirectory) -> Self {
        let issuing = directory.issuing();
        let replaced = directory.keys().into_iter();
        let replaced = replaced.filter(|key| key.role == CaRole::Issuing && *key != issuing);
        let keys: Vec<_> = std::iter::once(issuing).chain(replaced).collect();
        Self {
            directory,
            read: Vec::new(),
            unread: keys.into_iter(),
        }
    }

    /// # Errors
    ///
    /// If a checkpoint was signed by none of them.
    pub(crate) fn check(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        let has_signed = |it: &Certificate| checkpoint.is_by(it.spki_der()).is_ok();
        if self.read.iter().any(has_signed) {
            return Ok(());
        }
        for key in self.unread.by_ref() {
            let certificates = self.directory.certificates(key)?;
            let signed = certificates.iter().any(has_signed);
            self.read.extend(certificates);
            if signed {
                return Ok(());
            }
        }
        Err(CheckpointError::OtherKey.into())
    }
}
