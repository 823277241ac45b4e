//! The keys of a CA that was rotated, and following a rotation.

use std::time::Duration;

use anyhow::Result;
use pki_store::{Issuer, IssuerRole, IssuerState};

use super::OpenCa;
use crate::home::keys::{CaKey, CaRole, UnlockedKeys};
use crate::home::settings::Rotation;

impl OpenCa {
    /// The keys of issuers that are not retired, with their places in the store: roots first.
    ///
    /// # Errors
    ///
    /// If store or certificates cannot be read.
    pub(crate) async fn keys(&self) -> Result<Vec<(CaKey, Issuer)>> {
        let issuers = self.issuers().await?;
        let mut keys = Vec::new();
        for key in self.directory.keys() {
            let certificate = self.directory.certificate(key)?;
            let role = match key.role {
                CaRole::Root => IssuerRole::Root,
                CaRole::Issuing => IssuerRole::Issuing,
            };
            // The root of an imported CA may be the issuing CA itself, which is one issuer.
            let found = issuers
                .iter()
                .find(|issuer| certificate == *issuer.certificate() && issuer.role == role);
            if let Some(issuer) = found
                && issuer.state != IssuerState::Retired
            {
                keys.push((key, issuer.clone()));
            }
        }
        Ok(keys)
    }

    /// Uses other keys from now on.
    ///
    /// # Errors
    ///
    /// If `ca.toml` cannot be written; then it is as it was.
    pub(crate) fn switch(&mut self, rotation: Rotation) -> Result<()> {
        self.directory.switch(rotation)
    }

    /// Waits until another process has rotated the CA.
    pub(crate) async fn replaced(&self, period: Duration) {
        let rotation = self.directory.settings().rotation;
        loop {
            tokio::time::sleep(period).await;
            // What cannot be read is being edited.
            if let Ok(now) = self.directory.again()
                && now.settings().rotation != rotation
            {
                return;
            }
        }
    }

    /// The same CA with the keys that `ca.toml` says now.
    ///
    /// # Errors
    ///
    /// If `ca.toml` cannot be read.
    pub(crate) fn follow(&self) -> Result<Self> {
        Ok(Self {
            directory: self.directory.again()?,
            store: self.store.clone(),
            secrets: self.secrets.clone(),
            unlocked: UnlockedKeys::default(),
        })
    }
}
