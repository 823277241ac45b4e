//! A CA's key in a PKCS#11 token, by the URI that `ca.toml` has of it (RFC 7512). There is no PIN in it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use pki_core::{KeyKind, Signer};
use pki_pkcs11::{Module, TokenError, TokenUri, TokenUriError};
use serde::{Deserialize, Serialize};

use super::secrets::Secrets;
use crate::output::waiting;

/// Which key of which token.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct KeyUri(TokenUri);

impl KeyUri {
    /// The key of that number, after rotations: it has a name of its own.
    pub(in crate::home) fn numbered(&self, number: u32, otherwise: &str) -> Self {
        if number == 1 {
            return self.clone();
        }
        let name = self.0.object().unwrap_or(otherwise);
        Self(self.0.renamed(&format!("{name}-{number}")))
    }

    /// What it says.
    pub(super) fn token(&self) -> &TokenUri {
        &self.0
    }

    /// Whether it names a file with the PIN.
    pub(super) fn names_pin(&self) -> bool {
        self.0.pin_source().is_some()
    }

    /// Opens the key.
    ///
    /// # Errors
    ///
    /// If token or key cannot be used, or the PIN is wrong.
    pub(in crate::home) fn open(&self, secrets: &Secrets) -> Result<Arc<dyn Signer>> {
        let cannot = || format!("cannot use the CA's key {self}");
        let pin = secrets.pin(&self.0)?;
        let module = Module::load(self.0.module_path()).with_context(cannot)?;
        let key = module.key(&self.0, &pin).with_context(cannot)?;
        Ok(Arc::new(key))
    }

    /// The key that is there, or a new one of this kind, which never leaves the token.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), or if the token cannot make it.
    pub(crate) fn open_or_make(&self, kind: KeyKind, secrets: &Secrets) -> Result<Arc<dyn Signer>> {
        let cannot = || format!("cannot use the token of {self}");
        let pin = secrets.pin(&self.0)?;
        let module = Module::load(self.0.module_path()).with_context(cannot)?;
        let key = match module.key(&self.0, &pin) {
            Err(TokenError::NoKey { .. }) => waiting("making a key in the token", || {
                module.generate(&self.0, &pin, kind)
            }),
            found => found,
        };
        Ok(Arc::new(key.with_context(cannot)?))
    }
}

impl FromStr for KeyUri {
    type Err = TokenUriError;

    fn from_str(text: &str) -> Result<Self, TokenUriError> {
        text.parse().map(Self)
    }
}

impl TryFrom<String> for KeyUri {
    type Error = TokenUriError;

    fn try_from(text: String) -> Result<Self, TokenUriError> {
        text.parse()
    }
}

impl From<KeyUri> for String {
    fn from(uri: KeyUri) -> Self {
        uri.to_string()
    }
}

impl fmt::Display for KeyUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn each_rotation_has_a_key_of_its_own() {
        for (uri, second) in [
            (
                "pkcs11:token=ca;object=team?module-path=/lib/a.so",
                "pkcs11:token=ca;object=team-2?module-path=/lib/a.so",
            ),
            (
                "pkcs11:token=ca;id=%01?module-path=/lib/a.so",
                "pkcs11:token=ca;object=default-issuing-2?module-path=/lib/a.so",
            ),
        ] {
            let uri: KeyUri = uri.parse().unwrap();
            assert_eq!(uri.numbered(1, "default-issuing"), uri);
            assert_eq!(uri.numbered(2, "default-issuing").to_string(), second);
        }
    }

    #[test]
    fn no_pin_is_in_the_settings() {
        let uri = "pkcs11:token=ca?module-path=/lib/a.so&pin-value=1234";
        let error = uri.parse::<KeyUri>().unwrap_err();
        assert!(!error.to_string().contains("1234"));
    }
}
