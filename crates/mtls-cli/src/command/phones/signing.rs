//! Who signs a profile.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use pkcs12_ios::Profile;
use pki_core::{EncodedKey, KeyPair};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::files::read_secret;
use crate::look::certificates_of;

/// Options of every command that writes a profile.
#[derive(Args, Debug)]
pub(super) struct Signing {
    /// Sign the profile with this certificate, which has the chain above it: a server's is the usual one
    #[arg(long, value_name = "FILE", requires = "sign_key")]
    sign_cert: Option<PathBuf>,

    /// The key of --sign-cert
    #[arg(long, value_name = "FILE", requires = "sign_cert")]
    sign_key: Option<PathBuf>,
}

impl Signing {
    /// The profile as it goes to a device: signed, if that was asked for.
    ///
    /// # Errors
    ///
    /// If the signer cannot be used.
    pub(super) fn write(&self, profile: &Profile) -> Result<Zeroizing<Vec<u8>>> {
        let (Some(cert), Some(key)) = (&self.sign_cert, &self.sign_key) else {
            return Ok(profile.to_xml()?);
        };
        let chain = certificates_of(cert)?;
        profile
            .sign(&key_of(key)?, &chain, OffsetDateTime::now_utc())
            .context("the profile was not signed")
    }
}

pub(super) fn key_of(path: &Path) -> Result<KeyPair> {
    EncodedKey::read(&read_secret(path)?, None)
        .and_then(|key| key.key_pair())
        .with_context(|| format!("cannot use the key {}", path.display()))
}
