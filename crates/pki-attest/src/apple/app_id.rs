//! Which app.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// An app's identifier: the team's ten characters, a dot, and the bundle identifier.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct AppId(String);

/// A text that is not an app's identifier.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "`{0}` is not an app identifier: a team identifier of ten characters, a dot, and the bundle identifier"
)]
pub struct AppIdError(String);

impl AppId {
    /// Its SHA-256, which authenticator data begin with.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl FromStr for AppId {
    type Err = AppIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_one = text.split_once('.').is_some_and(|(team, bundle)| {
            let is_bundle = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
            team.len() == 10
                && team.chars().all(|c| c.is_ascii_alphanumeric())
                && !bundle.is_empty()
                && bundle.chars().all(is_bundle)
        });
        match is_one {
            true => Ok(Self(text.to_owned())),
            false => Err(AppIdError(text.to_owned())),
        }
    }
}

impl TryFrom<String> for AppId {
    type Error = AppIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AppId> for String {
    fn from(id: AppId) -> Self {
        id.0
    }
}

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_is_named_by_team_and_bundle() {
        for (text, good) in [
            ("1234567890.com.example.myapp", true),
            ("6MURL8TA57.de.vincent-haupert.apple-appattest-poc", true),
            ("com.example.myapp", false),
            ("1234567890", false),
            ("1234567890.", false),
            ("1234567890.com example", false),
            ("", false),
        ] {
            assert_eq!(text.parse::<AppId>().is_ok(), good, "{text}");
        }
    }
}
