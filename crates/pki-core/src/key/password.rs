//! The password of a key file or bundle.

use std::fmt;

use zeroize::Zeroizing;

/// A password that is wiped when dropped and never printed.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes ownership of `text`, so that no second copy has to be wiped.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The password in a file: its first line, without the line end of any system and without a byte order mark. An
    /// empty file has an empty password.
    ///
    /// # Errors
    ///
    /// [`PasswordFileError`] if it is not UTF-8.
    pub fn from_file(content: &[u8]) -> Result<Self, PasswordFileError> {
        let has_mark = content.starts_with(&[0xff, 0xfe]) || content.starts_with(&[0xfe, 0xff]);
        // No password that somebody can type has a NUL in it, and in UTF-16 every other octet of ASCII is one.
        let nuls = content.iter().filter(|octet| **octet == 0).count();
        if has_mark || nuls > 1 && nuls >= content.len() / 3 {
            return Err(PasswordFileError::Utf16);
        }
        if nuls > 0 {
            return Err(PasswordFileError::Nul);
        }
        let text = str::from_utf8(content).map_err(PasswordFileError::NotUtf8)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        // A CR alone ends a line, too.
        let line = text.split(['\r', '\n']).next().unwrap_or_default();
        Ok(Self::new(line))
    }

    /// The text itself.
    #[must_use]
    pub fn secret_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// Why the password cannot be read from a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordFileError {
    /// It has bytes that are not UTF-8.
    #[error("the password file is not UTF-8 text: save it as UTF-8")]
    NotUtf8(#[source] std::str::Utf8Error),

    /// It has a NUL in it, which nobody can type.
    #[error("the password file has a NUL character in it: write the password as text")]
    Nul,

    /// It is UTF-16, which PowerShell and Notepad write.
    #[error("the password file is UTF-16: save it as UTF-8")]
    Utf16,
}
