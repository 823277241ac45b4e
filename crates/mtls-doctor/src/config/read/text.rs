//! Configurations as text.

use std::path::Path;

use tls_identity::read_file;

/// A text file, as far as it is one.
pub(crate) fn text_of(path: &Path) -> Option<String> {
    let bytes = read_file(path, MAX_LEN).ok()?;
    String::from_utf8(bytes.to_vec()).ok()
}

const MAX_LEN: u64 = 1 << 20;
