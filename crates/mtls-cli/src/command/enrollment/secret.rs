//! Secrets that are shown once: tokens, and keys for ACME accounts.

use std::path::Path;

use anyhow::{Context as _, Result};
use zeroize::Zeroizing;

use crate::files::{Access, Pending};

/// Random bytes from the generator that makes keys, too.
pub(super) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0; N]);
    rustls::crypto::aws_lc_rs::default_provider()
        .secure_random
        .fill(bytes.as_mut_slice())
        .map_err(|_| anyhow::anyhow!("the system gives no random bytes"))?;
    Ok(bytes)
}

/// A file for a secret, in place of the screen: begun before the store knows the secret.
pub(super) struct SecretFile(Pending);

impl SecretFile {
    /// # Errors
    ///
    /// If nothing can be written there.
    pub(super) fn begin(path: Option<&Path>) -> Result<Option<Self>> {
        let pending = path.map(|path| Pending::new(path, Access::Owner));
        Ok(pending.transpose()?.map(Self))
    }

    /// Writes these lines of `made`, such as `token 7`.
    ///
    /// # Errors
    ///
    /// If they cannot be written. Then `undo` is the command to go on with.
    pub(super) fn finish(self, lines: &[&str], made: &str, undo: &str) -> Result<()> {
        // In one piece: a text that grows leaves copies behind.
        let text = Zeroizing::new([lines, &[""]].concat().join("\n"));
        self.0
            .finish(text.as_bytes())
            .with_context(|| format!("{made} was made and not written: revoke it with `{undo}`"))
    }
}

/// The names that it is good for.
pub(super) fn names_text(names: &[String]) -> String {
    match names {
        [] => "all that the profile allows".to_owned(),
        names => names.join(", "),
    }
}
