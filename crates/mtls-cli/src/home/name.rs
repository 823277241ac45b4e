//! The name of a CA, which is the name of its directory and part of its URLs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of a CA: 1 to 63 lower-case letters, digits and hyphens, with a letter or digit at either end.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct CaName(String);

/// Why a text is not the name of a CA.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "`{0}` is not a name for a CA: use 1 to 63 lower-case letters, digits and hyphens, without a hyphen at the ends"
)]
pub(crate) struct NotACaName(String);

impl CaName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for CaName {
    fn default() -> Self {
        Self("default".to_owned())
    }
}

impl FromStr for CaName {
    type Err = NotACaName;

    fn from_str(text: &str) -> Result<Self, NotACaName> {
        let good = (1..=63).contains(&text.len())
            && text
                .chars()
                .all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-'))
            && !text.starts_with('-')
            && !text.ends_with('-');
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotACaName(text.escape_debug().to_string()))
        }
    }
}

impl TryFrom<String> for CaName {
    type Error = NotACaName;

    fn try_from(text: String) -> Result<Self, NotACaName> {
        text.parse()
    }
}

impl From<CaName> for String {
    fn from(name: CaName) -> Self {
        name.0
    }
}

impl fmt::Display for CaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_safe_in_a_path_and_a_url() {
        for (text, good) in [
            ("default", true),
            ("a", true),
            ("team-2", true),
            ("", false),
            ("-a", false),
            ("a-", false),
            ("A", false),
            (".", false),
            ("..", false),
            ("a/b", false),
            ("a b", false),
        ] {
            assert_eq!(text.parse::<CaName>().is_ok(), good, "{text}");
        }
        assert!("a".repeat(64).parse::<CaName>().is_err());
    }
}
