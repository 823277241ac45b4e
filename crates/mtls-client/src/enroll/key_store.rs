//! Where keys are that are not in files.

use std::error::Error as StdError;
use std::sync::Arc;

use pki_core::{KeyKind, Signer};

/// Makes and keeps the keys of an [`EnrolledFiles`](crate::EnrolledFiles) in place of files, such as in a PKCS#11
/// token.
///
/// A key has a name, which is a line of text. It is in `tls.key` where the key would be.
pub trait KeyStore: Send + Sync {
    /// A name that no key has yet. It is written down before there is a key of that name.
    fn new_name(&self) -> String;

    /// Makes a key of this name.
    ///
    /// # Errors
    ///
    /// The store's own.
    fn generate(&self, name: &str, kind: KeyKind) -> Result<Arc<dyn Signer>, KeyStoreError>;

    /// The key of this name.
    ///
    /// # Errors
    ///
    /// The store's own.
    fn open(&self, name: &str) -> Result<Arc<dyn Signer>, KeyStoreError>;

    /// Removes the key of this name for good. If there is none, that is done.
    ///
    /// # Errors
    ///
    /// The store's own.
    fn remove(&self, name: &str) -> Result<(), KeyStoreError>;
}

/// Why a [`KeyStore`] cannot do what it is asked to.
pub type KeyStoreError = Box<dyn StdError + Send + Sync>;
