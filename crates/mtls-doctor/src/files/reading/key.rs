//! A private key alone: who may read it, and why it cannot be read.

use pki_core::KeyError;
use tls_identity::Found;

use super::{legacy, text};
use crate::files::shell;
use crate::finding::{Finding, Question};
use crate::target::Options;

use super::item::Item;
use crate::files::wording;

/// A key that others on this machine can read. Only systems with modes of files can tell.
pub(crate) fn exposed(item: &Item) -> Option<Finding> {
    let kinds = [Found::PrivateKey, Found::EncryptedPrivateKey, Found::Pkcs12];
    if !kinds.contains(&Found::of(&item.bytes)) {
        return None;
    }
    let mode = mode(item)?;
    if mode & 0o077 == 0 {
        return None;
    }
    let what = format!(
        "Others than its owner may use the file with the private key: its mode is {:03o}.",
        mode & 0o777
    );
    Some(
        Finding::warning("key-readable-by-others", item.place(), what)
            .why("Whoever can read the key can be whom its certificate names. ssh and PostgreSQL refuse such a key.")
            .command(format!("chmod 600 {}", shell::path(&item.path))),
    )
}

#[cfg(unix)]
fn mode(item: &Item) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = std::fs::metadata(&item.path).ok()?;
    metadata.is_file().then(|| metadata.permissions().mode())
}

#[cfg(not(unix))]
fn mode(_item: &Item) -> Option<u32> {
    None
}

/// Why a key cannot be used.
pub(crate) fn unreadable(item: &Item, error: &KeyError, options: &Options) -> Finding {
    let with_password = options.password.is_some();
    let password_file = options.password_file.as_deref();
    let file = shell::path(&item.path);
    let place = item.place();
    let what = wording::with_cause(error);
    match error {
        KeyError::Decrypt => Finding::error(
            "key-wrong-password",
            place,
            "The password does not decrypt the key: it is wrong, or the file is damaged.",
        )
        .why("OpenSSL and nginx: `bad decrypt`, `maybe wrong password`. Node: `ERR_OSSL_BAD_DECRYPT`.")
        .step("Give the password that the key was encrypted with; a password file counts up to its first line end."),
        KeyError::UnsupportedEncryption { .. } | KeyError::KdfLimit { .. } => {
            let command = legacy::encrypted_again(&file, password_file);
            let finding = Finding::error("key-encryption-algorithm", place, what)
                .why("The algorithm is the reason, not the password. OpenSSL 3: `unsupported`.");
            match with_password {
                true => finding.command(text::rewritten(&file, &command)),
                false => finding.step(format!("Encrypt it again: `{command} -out NEW_KEY`.")),
            }
        }
        KeyError::OpenSshForm => Finding::error("openssh-key", place, what)
            .why("OpenSSL and what is built on it: `no start line`, `unsupported`.")
            .command(format!("ssh-keygen -p -m PKCS8 -N '' -f {file}")),
        KeyError::Unusable { found } if found.starts_with("RSA") => {
            let what = format!("{found} are too weak or of an unusual size.");
            Finding::error("weak-key", place, what)
                .why("OpenSSL at its default security level: `ee key too small`. Apple, Chrome and rustls refuse it.")
                .step("Make a new key, and have a certificate issued for it: `openssl ecparam -name prime256v1 -genkey -noout`.")
        }
        KeyError::Unusable { .. } | KeyError::Unsupported { .. } => Finding::error("key-kind", place, what)
            .why("TLS peers do not take keys of this kind: `no shared signature algorithms`.")
            .step("Make a new key, and have a certificate issued for it: `openssl ecparam -name prime256v1 -genkey -noout`."),
        KeyError::Truncated => Finding::error("file-cut-off", place, what)
            .why("Every reader refuses it.")
            .step("Copy the whole file again."),
        KeyError::NotAKey { .. } => Finding::error("certificate-not-key", place, what)
            .why("nginx, Apache and curl: `no start line` (`Expecting: ANY PRIVATE KEY`).")
            .step("Give the key here."),
        _ => Finding::error("key-malformed", place, what)
            .why("Every reader refuses it: `decode error`, `unsupported`.")
            .step("Take the key again from where it was made, or make a new one and have a certificate issued for it."),
    }
}

/// What cannot be told without the password.
pub(crate) fn password_question(item: &Item) -> Question {
    Question::new(
        format!(
            "Is {} the key of the certificate, and does its reader know the password?",
            item.place()
        ),
        "Give its password (--password-file). nginx needs `ssl_password_file`, Apache asks at its start.",
    )
}
