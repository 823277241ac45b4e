//! In place of keys in PKCS#11 tokens, where the command was built without them: no URI is taken.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::Result;
use mtls_client::KeyStore;
use pki_core::{KeyKind, Signer};
use serde::{Deserialize, Serialize};

use super::secrets::Secrets;

/// No key: there is no value of it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct KeyUri(String);

/// Why no URI is that of a key.
#[derive(Debug, thiserror::Error)]
#[error("this `mtls` was built without keys in tokens: build it with the feature `pkcs11`")]
pub(crate) struct NoTokens;

impl KeyUri {
    pub(in crate::home) fn numbered(&self, _: u32, _: &str) -> Self {
        self.clone()
    }

    pub(super) fn names_pin(&self) -> bool {
        false
    }

    pub(in crate::home) fn open(&self, _: &Secrets) -> Result<Arc<dyn Signer>> {
        Err(NoTokens.into())
    }

    pub(crate) fn keys(&self, _: &Secrets) -> Result<Arc<dyn KeyStore>> {
        Err(NoTokens.into())
    }

    pub(crate) fn open_or_make(&self, _: KeyKind, _: &Secrets) -> Result<Arc<dyn Signer>> {
        Err(NoTokens.into())
    }
}

impl FromStr for KeyUri {
    type Err = NoTokens;

    fn from_str(_: &str) -> Result<Self, NoTokens> {
        Err(NoTokens)
    }
}

impl TryFrom<String> for KeyUri {
    type Error = NoTokens;

    fn try_from(_: String) -> Result<Self, NoTokens> {
        Err(NoTokens)
    }
}

impl From<KeyUri> for String {
    fn from(uri: KeyUri) -> Self {
        uri.0
    }
}

impl fmt::Display for KeyUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
