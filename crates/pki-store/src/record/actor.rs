//! Who has asked for something.

use std::fmt;

/// Who has asked for something, in a text for the audit log: `cli:alice@host`, `est:spiffe://example.org/web`.
///
/// Control characters are replaced by a space, and what is longer than 256 characters is cut off.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Actor(String);

impl Actor {
    /// Takes the text.
    #[must_use]
    pub fn new(text: impl AsRef<str>) -> Self {
        let printable = |found: char| if found.is_control() { ' ' } else { found };
        Self(text.as_ref().chars().take(256).map(printable).collect())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
