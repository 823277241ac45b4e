//! What unlocks the keys of a CA: asked for when a key needs it.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use pki_core::Password;

use super::passphrase::passphrase;
use crate::global::Global;

/// The passphrase of keys in files, and where the PIN of a token comes from.
pub(crate) struct Secrets {
    passphrase_file: Option<PathBuf>,
    pin_file: Option<PathBuf>,
    /// Typed or read once.
    passphrase: Mutex<Option<Password>>,
}

impl Secrets {
    /// Nothing is read or asked for yet.
    pub(crate) fn of(global: &Global) -> Self {
        Self {
            passphrase_file: global.passphrase_file.clone(),
            pin_file: global.pin_file.clone(),
            passphrase: Mutex::new(None),
        }
    }

    /// The passphrase of the keys of the CA called `name`.
    ///
    /// # Errors
    ///
    /// If there is neither a file nor a terminal.
    pub(in crate::home) fn passphrase(&self, name: &str) -> Result<Password> {
        let mut known = self
            .passphrase
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(passphrase) = &*known {
            return Ok(passphrase.clone());
        }
        let ca = format!("the CA `{name}`");
        let passphrase = passphrase(self.passphrase_file.as_deref(), &ca)?;
        *known = Some(passphrase.clone());
        Ok(passphrase)
    }

    /// Whether there is a file with the passphrase.
    pub(super) fn have_passphrase(&self) -> bool {
        self.passphrase_file.is_some()
    }

    /// Whether there is a file with the PIN of any token.
    pub(super) fn have_pin(&self) -> bool {
        self.pin_file.is_some()
    }

    /// The PIN of the token with this key: from `--pin-file`, from the file that the URI names, or from the terminal.
    ///
    /// # Errors
    ///
    /// If there is none of them.
    #[cfg(feature = "pkcs11")]
    pub(super) fn pin(&self, uri: &pki_pkcs11::TokenUri) -> Result<Password> {
        let file = self.pin_file.as_deref().or(uri.pin_source());
        super::passphrase::secret(file, &format!("PIN for {uri}: "), || {
            format!("{uri} needs a PIN: give it with --pin-file, or run this on a terminal")
        })
    }
}

/// Without what it knows.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets")
            .field("passphrase_file", &self.passphrase_file)
            .finish_non_exhaustive()
    }
}
