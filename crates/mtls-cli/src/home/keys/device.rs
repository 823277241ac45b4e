//! The keys of a device in a PKCS#11 token: one for each certificate.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use mtls_client::{KeyStore, KeyStoreError};
use pki_core::{KeyKind, Password, Signer};
use pki_pkcs11::{Module, TokenUri};
use time::OffsetDateTime;

use super::secrets::Secrets;
use super::token::KeyUri;

/// Makes keys in a token. The name of a key is its URI, without the PIN.
struct TokenKeys {
    module: Module,
    uri: TokenUri,
    pin: Password,
}

impl KeyUri {
    /// Makes keys in the token of this URI, which are called like its `object`, or `mtls-agent`, with a number behind.
    ///
    /// # Errors
    ///
    /// If the module cannot be loaded, or there is no PIN.
    pub(crate) fn keys(&self, secrets: &Secrets) -> Result<Arc<dyn KeyStore>> {
        let uri = self.token().clone();
        let module = Module::load(uri.module_path());
        let module = module.with_context(|| format!("cannot use the token of {self}"))?;
        let pin = secrets.pin(&uri)?;
        Ok(Arc::new(TokenKeys { module, uri, pin }))
    }
}

impl KeyStore for TokenKeys {
    fn new_name(&self) -> String {
        // A key that has this name already is an error, and not overwritten.
        let made_at = OffsetDateTime::now_utc().unix_timestamp_nanos();
        let base = self.uri.object().unwrap_or("mtls-agent");
        self.uri.renamed(&format!("{base}-{made_at:x}")).to_string()
    }

    fn generate(&self, name: &str, kind: KeyKind) -> Result<Arc<dyn Signer>, KeyStoreError> {
        let key = self.module.generate(&name.parse()?, &self.pin, kind)?;
        Ok(Arc::new(key))
    }

    fn open(&self, name: &str) -> Result<Arc<dyn Signer>, KeyStoreError> {
        Ok(Arc::new(self.module.key(&name.parse()?, &self.pin)?))
    }

    fn remove(&self, name: &str) -> Result<(), KeyStoreError> {
        Ok(self.module.remove(&name.parse()?, &self.pin)?)
    }
}
