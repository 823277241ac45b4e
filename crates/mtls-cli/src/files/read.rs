//! Reading.

use std::path::Path;

use anyhow::{Context as _, Result};
use pki_core::Password;
use zeroize::Zeroizing;

/// What a file holds, 64 MiB at most: a CRL may be long.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    tls_identity::read_file(path, 64 << 20).with_context(|| cannot_read(path))
}

/// What a file with a key or a password holds, 1 MiB at most.
pub(crate) fn read_secret(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    tls_identity::read_file(path, 1 << 20).with_context(|| cannot_read(path))
}

/// The first line of a file.
pub(crate) fn password_of(path: &Path) -> Result<Password> {
    Password::from_file(&read_secret(path)?).with_context(|| cannot_read(path))
}

fn cannot_read(path: &Path) -> String {
    format!("cannot read {}", path.display())
}
