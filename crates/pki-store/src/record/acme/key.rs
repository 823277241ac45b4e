//! Keys of the external account binding (RFC 8555 section 7.3.4).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::record::{NamePattern, TokenState};

/// A MAC key of 32 random bytes, which the CA and the holder of an account share.
///
/// A store keeps it as it is: without it an HMAC cannot be verified.
#[derive(Clone)]
pub struct AcmeMac(Zeroizing<[u8; 32]>);

impl AcmeMac {
    /// Takes 32 bytes of a generator for secrets.
    ///
    /// The first bit is cleared, so that [the text](Self::secret_text) begins with a letter: `certbot --eab-hmac-key` and
    /// others take a value that begins with a hyphen for an option.
    #[must_use]
    pub fn from_random(mut bytes: [u8; 32]) -> Self {
        bytes[0] &= 0x7f;
        Self(Zeroizing::new(bytes))
    }

    /// What a store has kept, also a key of an earlier release.
    pub(crate) fn from_stored(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The text that ACME clients take: 43 characters of base64url.
    #[must_use]
    pub fn secret_text(&self) -> Zeroizing<String> {
        Zeroizing::new(URL_SAFE_NO_PAD.encode(self.0.as_slice()))
    }

    /// The bytes.
    #[must_use]
    pub fn secret_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for AcmeMac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AcmeMac(..)")
    }
}

/// A key of the external account binding that is to be made.
#[derive(Clone, Debug)]
pub struct NewAcmeKey {
    /// The name of the CA.
    pub ca: String,
    /// What ACME clients call it; not secret.
    pub kid: String,
    /// The names of the profiles that its accounts may order within.
    pub profiles: Vec<String>,
    /// The names that its accounts may order. None leaves them to the profile.
    pub names: Vec<NamePattern>,
    /// How many accounts it is good for; 1 or more.
    pub uses: u32,
    /// Until when an account can be made with it.
    pub expires_at: OffsetDateTime,
}

/// What a store knows about a key of the external account binding.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AcmeKey {
    /// Its number.
    pub id: i64,
    /// The name of the CA.
    pub ca: String,
    /// What ACME clients call it.
    pub kid: String,
    /// The names of the profiles that its accounts may order within.
    pub profiles: Vec<String>,
    /// The names that its accounts may order. None leaves them to the profile.
    pub names: Vec<NamePattern>,
    /// How many accounts it is good for.
    pub uses: u32,
    /// How many of these were made.
    pub used: u32,
    /// Who has made it.
    pub made_by: String,
    /// When.
    pub made_at: OffsetDateTime,
    /// Until when an account can be made with it.
    pub expires_at: OffsetDateTime,
    /// When it was revoked.
    pub revoked_at: Option<OffsetDateTime>,
}

impl AcmeKey {
    /// Whether an account can be made with it at `now`.
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

#[cfg(test)]
mod tests {
    use super::AcmeMac;

    #[test]
    fn a_text_never_looks_like_an_option() {
        for first in 0..=u8::MAX {
            let mut bytes = [0xff; 32];
            bytes[0] = first;
            let text = AcmeMac::from_random(bytes).secret_text();
            assert!(text.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_lowercase()));
            assert_eq!(text.len(), 43);
        }
    }

    #[test]
    fn a_stored_key_stays_as_it_is() {
        let key = AcmeMac::from_stored([0xfb; 32]);
        assert!(key.secret_text().starts_with("-"));
        assert_eq!(key.secret_bytes(), &[0xfb; 32]);
    }
}
