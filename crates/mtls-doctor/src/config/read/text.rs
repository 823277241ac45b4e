//! Configurations as text.

use std::path::Path;

use tls_identity::read_file;
use zeroize::Zeroizing;

/// A text file, as far as it is one. Whether it is a configuration has to be seen first: it may be a key.
pub(crate) fn text_of(path: &Path) -> Option<Zeroizing<String>> {
    let bytes = read_file(path, MAX_LEN).ok()?;
    let text = str::from_utf8(&bytes).ok()?;
    Some(Zeroizing::new(text.to_owned()))
}

const MAX_LEN: u64 = 1 << 20;
