//! `[transit]` in `ca.toml`: keys of the CA in the secrets engine `transit`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use pki_core::{KeyKind, Signer};
use pki_upstream::openbao::TransitKey;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

use super::server::{Server, Settings};
use crate::home::keys::{CaKey, CaRole};

/// A mount of the secrets engine `transit`, and which keys are there.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct TransitKeys {
    /// The server.
    url: String,
    /// The path of the mount.
    #[serde(default = "default_mount")]
    mount: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    /// The file whose first line is the token, read for each signature.
    token_file: PathBuf,
    /// The roots that the server is verified with; those of the operating system without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ca_file: Option<PathBuf>,
    /// The name of the issuing CA's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// The name of the root's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    root_key: Option<String>,
}

/// One key there.
#[derive(Clone, Debug)]
pub(crate) struct TransitPlace {
    keys: TransitKeys,
    name: String,
}

impl TransitKeys {
    /// Reads a file with such a table; its paths become absolute.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or says what it should not.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        Self::read_from(file)
    }

    /// Where that key is, if it is there. The one that replaces the first has `-2` after its name.
    pub(crate) fn place(&self, key: CaKey) -> Option<TransitPlace> {
        let name = match key.role {
            CaRole::Root => self.root_key.as_ref(),
            CaRole::Issuing => self.key.as_ref(),
        };
        let name = match key.number {
            1 => name?.clone(),
            number => format!("{}-{number}", name?),
        };
        let keys = self.clone();
        Some(TransitPlace { keys, name })
    }
}

impl TransitPlace {
    /// Opens the key. It blocks, and so is called where that is allowed.
    ///
    /// # Errors
    ///
    /// If server or key cannot be used.
    pub(crate) fn open(&self) -> Result<Arc<dyn Signer>> {
        let mount = &self.keys.mount;
        let opening = async {
            TransitKey::open(self.api()?, mount, &self.name)
                .await
                .map_err(Into::into)
        };
        self.opened(opening)
    }

    /// The key that is there, or a new one of this kind.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), or if the token may not make it.
    pub(crate) fn open_or_make(&self, kind: KeyKind) -> Result<Arc<dyn Signer>> {
        let mount = &self.keys.mount;
        let opening = async {
            let made = TransitKey::open_or_make(self.api()?, mount, &self.name, kind);
            made.await.map_err(Into::into)
        };
        self.opened(opening)
    }

    fn opened(&self, opening: impl Future<Output = Result<TransitKey>>) -> Result<Arc<dyn Signer>> {
        let key = Handle::current().block_on(opening);
        let key = key.with_context(|| format!("cannot use the CA's key {self}"))?;
        Ok(Arc::new(key))
    }

    fn api(&self) -> Result<pki_upstream::openbao::Api> {
        let keys = &self.keys;
        let server = Server {
            url: &keys.url,
            namespace: keys.namespace.as_deref(),
            token_file: &keys.token_file,
            ca_file: keys.ca_file.as_deref(),
        };
        server.api()
    }
}

/// `transit/issuing at https://bao.example.org:8200`.
impl fmt::Display for TransitPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} at {}", self.keys.mount, self.name, self.keys.url)
    }
}

impl Settings for TransitKeys {
    fn paths(&mut self) -> Vec<&mut PathBuf> {
        let paths = [Some(&mut self.token_file), self.ca_file.as_mut()];
        paths.into_iter().flatten().collect()
    }
}

fn default_mount() -> String {
    "transit".to_owned()
}
