//! A file's place below the lab's directory.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

/// A path of plain names with `/` between them: it leads nowhere but down, on every system.
///
/// A manifest is a file that somebody else can have written. What it lists is read, moved and deleted.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String")]
pub struct RelativePath(String);

/// A path that is absolute, leads upwards, or has characters that mean something to a system.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("it is not a path of plain names")]
pub struct NotPlain;

impl RelativePath {
    /// The path of a file that this crate makes.
    pub(crate) fn of_lab(path: &str) -> Self {
        debug_assert!(path.split('/').all(is_plain), "{path}");
        Self(path.to_owned())
    }

    /// The directories above it, from the top down.
    pub(crate) fn parents(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('/').map(|(end, _)| &self.0[..end])
    }
}

impl TryFrom<String> for RelativePath {
    type Error = NotPlain;

    fn try_from(path: String) -> Result<Self, Self::Error> {
        match path.split('/').all(is_plain) {
            true => Ok(Self(path)),
            false => Err(NotPlain),
        }
    }
}

fn is_plain(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    !matches!(name, "" | "." | "..") && name.bytes().all(is_plain)
}

impl Deref for RelativePath {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<std::path::Path> for RelativePath {
    fn as_ref(&self) -> &std::path::Path {
        self.0.as_ref()
    }
}

impl fmt::Display for RelativePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_leads_down_and_nowhere_else() {
        for good in [
            "README.md",
            "same-ca/ca.crt",
            ".hidden",
            "a..b",
            "a/b-c_d/e",
        ] {
            assert!(RelativePath::try_from(good.to_owned()).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/",
            "/etc/passwd",
            "..",
            "../x",
            "a/../x",
            "a/..",
            "./a",
            "a//b",
            "a/",
            "C:x",
            "a\\b",
            "a\0b",
            "~/x",
        ] {
            assert!(RelativePath::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
