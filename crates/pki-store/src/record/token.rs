//! Tokens: by which somebody who has no certificate yet may ask for one.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::actor::Actor;
use super::name_pattern::NamePattern;
use crate::TokenError;

/// The number of a token within its store, which is not secret.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TokenId(pub(crate) i64);

impl TokenId {
    /// The number itself.
    #[must_use]
    pub fn number(self) -> i64 {
        self.0
    }

    /// Who asks by this token, as requests and the audit log say it: `token:7`.
    #[must_use]
    pub fn requester(self) -> Actor {
        Actor::new(format!("token:{self}"))
    }
}

impl From<i64> for TokenId {
    fn from(number: i64) -> Self {
        Self(number)
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What the holder of a token has: 256 random bits. A store keeps their SHA-256 alone.
///
/// Its text is `mtls-` and 43 characters of base64url, so that who looks for secrets in files finds it.
pub struct TokenSecret(Zeroizing<[u8; 32]>);

/// A text that is not a token.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a token is `mtls-` and 43 letters, digits, hyphens and underscores")]
#[non_exhaustive]
pub struct NotAToken;

impl TokenSecret {
    /// Takes 32 bytes of a generator for secrets.
    #[must_use]
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The text that is given to whoever will use the token.
    #[must_use]
    pub fn secret_text(&self) -> Zeroizing<String> {
        let encoded = Zeroizing::new(URL_SAFE_NO_PAD.encode(self.0.as_slice()));
        Zeroizing::new([PREFIX, encoded.as_str()].concat())
    }

    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_slice()).into()
    }
}

impl FromStr for TokenSecret {
    type Err = NotAToken;

    fn from_str(text: &str) -> Result<Self, NotAToken> {
        let encoded = text.strip_prefix(PREFIX).ok_or(NotAToken)?;
        let mut bytes = Zeroizing::new([0; 32]);
        match URL_SAFE_NO_PAD.decode_slice(encoded, bytes.as_mut_slice()) {
            Ok(32) => Ok(Self(bytes)),
            _ => Err(NotAToken),
        }
    }
}

impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSecret(..)")
    }
}

/// A token that is to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// The name of the CA.
    pub ca: String,
    /// The name of the profile that its certificates are issued within.
    pub profile: String,
    /// The names that may be asked for. None leaves them to the profile.
    pub names: Vec<NamePattern>,
    /// How many certificates it is good for; 1 or more.
    pub uses: u32,
    /// Until when it can be used.
    pub expires_at: OffsetDateTime,
}

/// What a store knows about a token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TokenRecord {
    /// Its number.
    pub id: TokenId,
    /// The name of the CA.
    pub ca: String,
    /// The name of the profile that its certificates are issued within.
    pub profile: String,
    /// The names that may be asked for. None leaves them to the profile.
    pub names: Vec<NamePattern>,
    /// How many certificates it is good for.
    pub uses: u32,
    /// How many of these were asked for.
    pub used: u32,
    /// Who has made it.
    pub made_by: String,
    /// When.
    pub made_at: OffsetDateTime,
    /// Until when it can be used.
    pub expires_at: OffsetDateTime,
    /// When it was revoked.
    pub revoked_at: Option<OffsetDateTime>,
}

/// Whether a token can be used.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "kebab-case")]
pub enum TokenState {
    /// Its time is over.
    Expired,
    /// Somebody has revoked it.
    Revoked,
    /// It was used as often as it may be.
    Used,
    /// It can be used.
    Valid,
}

impl TokenRecord {
    /// Whether it can be used at `now`.
    #[must_use]
    pub fn state(&self, now: OffsetDateTime) -> TokenState {
        TokenState::of(
            self.used >= self.uses,
            self.expires_at,
            self.revoked_at,
            now,
        )
    }
}

impl TokenState {
    /// The state at `now` of what can be used a number of times and until a time, unless it is revoked.
    pub(crate) fn of(
        is_used_up: bool,
        expires_at: OffsetDateTime,
        revoked_at: Option<OffsetDateTime>,
        now: OffsetDateTime,
    ) -> Self {
        if revoked_at.is_some() {
            Self::Revoked
        } else if is_used_up {
            Self::Used
        } else if now >= expires_at {
            Self::Expired
        } else {
            Self::Valid
        }
    }

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Used => "used",
            Self::Valid => "valid",
        }
    }

    /// Why it cannot be used.
    pub(crate) fn refusal(self) -> Option<TokenError> {
        match self {
            Self::Expired => Some(TokenError::Expired),
            Self::Revoked => Some(TokenError::Revoked),
            Self::Used => Some(TokenError::Used),
            Self::Valid => None,
        }
    }
}

const PREFIX: &str = "mtls-";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_token_is_read_as_it_is_written_and_nothing_else_is() {
        let token = TokenSecret::from_random([0xfb; 32]);
        let text = token.secret_text();
        assert_eq!(text.len(), 48);
        assert_eq!(text.parse::<TokenSecret>().unwrap().hash(), token.hash());
        assert_eq!(format!("{token:?}"), "TokenSecret(..)");
        let short = &text[..47];
        let long = format!("{}A", &*text);
        for wrong in ["", "mtls-", &text[5..], short, &long, "mtls-\u{e9}"] {
            assert!(wrong.parse::<TokenSecret>().is_err(), "{wrong}");
        }
    }
}
