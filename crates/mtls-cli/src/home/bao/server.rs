//! The server, and the files that are named beside it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use pki_upstream::openbao::{Api, Token};
use serde::de::DeserializeOwned;

use crate::files::read;
use crate::look::certificates_of;

/// What a table says of the server.
pub(super) struct Server<'a> {
    pub(super) url: &'a str,
    pub(super) namespace: Option<&'a str>,
    pub(super) token_file: &'a Path,
    pub(super) ca_file: Option<&'a Path>,
}

impl Server<'_> {
    /// # Errors
    ///
    /// If the roots cannot be read, or the URL is not one that a token is sent to.
    pub(super) fn api(&self) -> Result<Api> {
        let roots = self.ca_file.map(certificates_of).transpose()?;
        let token = Token::File(self.token_file.to_owned());
        Api::new(self.url, token, self.namespace, roots.as_deref())
            .with_context(|| format!("`{}` cannot be asked", self.url.escape_debug()))
    }
}

/// Settings of which paths are relative to their file.
pub(in crate::home) trait Settings: DeserializeOwned {
    fn paths(&mut self) -> Vec<&mut PathBuf>;

    /// # Errors
    ///
    /// If the file cannot be read, or says what it should not.
    fn read_from(file: &Path) -> Result<Self> {
        let cannot = || format!("cannot use {}", file.display());
        let text = read(file)?;
        let text = str::from_utf8(&text).with_context(cannot)?;
        let mut settings: Self = toml::from_str(text).with_context(cannot)?;
        let file = std::path::absolute(file).with_context(cannot)?;
        let beside = file.parent().unwrap_or(Path::new("/"));
        for path in settings.paths() {
            *path = beside.join(&*path);
        }
        Ok(settings)
    }
}
