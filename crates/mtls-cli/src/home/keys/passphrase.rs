//! Passphrases and passwords: from a file or the terminal, never from the command line.

use std::io::{self, IsTerminal as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use pki_core::Password;

use crate::files::password_of;
use crate::global::Global;
use crate::interrupt::with_terminal;

/// The password of `what`: the first line of a file, or what is typed on the terminal.
///
/// # Errors
///
/// If there is neither a file nor a terminal; `option` is what to give then.
pub(crate) fn password(file: Option<&Path>, what: &str, option: &str) -> Result<Password> {
    secret(file, &format!("password of {what}: "), || {
        format!(
            "the password of {what} is needed: give it with {option}, or run this on a terminal"
        )
    })
}

/// The passphrase of the keys of `ca`: the first line of a file, or what is typed on the terminal.
///
/// # Errors
///
/// If there is neither a file nor a terminal.
pub(crate) fn passphrase(file: Option<&Path>, ca: &str) -> Result<Password> {
    secret(file, &format!("passphrase of {ca}: "), || {
        format!(
            "the passphrase of {ca} is needed: give it with --passphrase-file, or run this on a terminal"
        )
    })
}

/// The first line of a file, or what is typed on the terminal after `prompt`.
///
/// # Errors
///
/// What `missing` says, if there is neither a file nor a terminal.
pub(crate) fn secret(
    file: Option<&Path>,
    prompt: &str,
    missing: impl FnOnce() -> String,
) -> Result<Password> {
    match file {
        Some(path) => password_of(path),
        None if io::stdin().is_terminal() => typed(prompt),
        None => bail!(missing()),
    }
}

/// A passphrase for the keys of a new CA, typed twice where it is typed.
///
/// # Errors
///
/// If there is none, it is empty, or it was not typed the same way twice.
pub(crate) fn new_passphrase(global: &Global) -> Result<Password> {
    let passphrase = passphrase(global.passphrase_file.as_deref(), "the new CA")?;
    if passphrase.secret_str().is_empty() {
        bail!("the passphrase is empty: it is what protects the keys of the CA");
    }
    if global.passphrase_file.is_none() {
        let again = typed("the same again: ")?;
        if again.secret_str() != passphrase.secret_str() {
            bail!("the two passphrases differ");
        }
    }
    Ok(passphrase)
}

fn typed(prompt: &str) -> Result<Password> {
    let text = with_terminal(|| rpassword::prompt_password(prompt));
    let text = text.context("cannot read what is typed")?;
    Ok(Password::new(text))
}
