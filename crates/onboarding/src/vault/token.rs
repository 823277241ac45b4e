//! The secret part of a link.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::hmac;
use aws_lc_rs::rand;
use zeroize::Zeroizing;

use super::error::{LinkError, VaultError};

/// 26 letters and digits, 130 random bits: who has them has the link.
///
/// What is on disk has a name and a key that follow from it, and cannot be turned back into it.
#[derive(Clone)]
pub struct LinkToken(Zeroizing<String>);

impl LinkToken {
    /// A new one.
    ///
    /// # Errors
    ///
    /// [`VaultError::Random`] if the system gives no random numbers.
    pub fn generate() -> Result<Self, VaultError> {
        let text = random_text(LEN).map(Zeroizing::new)?;
        Ok(Self(text))
    }

    /// As it stands in a URL.
    #[must_use]
    pub fn secret_str(&self) -> &str {
        &self.0
    }

    /// What is known on disk, in hexadecimal.
    pub(super) fn id(&self) -> String {
        let tag = self.derive(b"onboarding link: name");
        tag.as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// A key of 32 bytes.
    pub(super) fn key(&self) -> Zeroizing<[u8; 32]> {
        let tag = self.derive(b"onboarding link: key");
        let mut key = Zeroizing::new([0; 32]);
        key.copy_from_slice(tag.as_ref());
        key
    }

    /// The token has more entropy than a key needs, so that one step is enough (RFC 5869 section 3.3).
    fn derive(&self, purpose: &[u8]) -> hmac::Tag {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_bytes());
        hmac::sign(&key, purpose)
    }
}

impl FromStr for LinkToken {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, LinkError> {
        let good = text.len() == LEN && text.bytes().all(|c| ALPHABET.contains(&c));
        match good {
            true => Ok(Self(Zeroizing::new(text.to_owned()))),
            false => Err(LinkError::Unknown),
        }
    }
}

/// Without the secret.
impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken(..)")
    }
}

/// A password for a bundle: 20 letters and digits that are hard to mistake, 100 random bits, in groups of five.
///
/// # Errors
///
/// [`VaultError::Random`] if the system gives no random numbers.
pub fn new_password() -> Result<Zeroizing<String>, VaultError> {
    let mut text = Zeroizing::new(random_text(20)?);
    text.make_ascii_uppercase();
    let groups = [&text[..5], &text[5..10], &text[10..15], &text[15..]];
    Ok(Zeroizing::new(groups.join("-")))
}

/// The alphabet of Douglas Crockford's Base32: without I, L, O and U.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LEN: usize = 26;

/// `len` times five random bits.
pub(super) fn random_text(len: usize) -> Result<String, VaultError> {
    let mut bytes = Zeroizing::new(vec![0; len]);
    rand::fill(&mut bytes).map_err(|_| VaultError::Random)?;
    let letters = bytes.iter().map(|byte| ALPHABET[usize::from(byte % 32)]);
    Ok(letters.map(char::from).collect())
}
