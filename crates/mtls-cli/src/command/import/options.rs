//! What every way to import asks for, and an import from files.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use pki_core::{EncodedKey, KeyError, KeyPair};

use super::imported::Imported;
use crate::files::{password_of, read_secret};
use crate::global::Global;
use crate::home::{CaName, Home, new_passphrase, parse_url, password};
use crate::import::{Known, OtherCa, Takeover};

#[derive(Args, Debug)]
pub(super) struct Options {
    /// The name of the CA among those of the home
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub(super) name: CaName,

    /// Where `mtls serve` will be reached; certificates that are issued from now on say so for OCSP
    #[arg(long, value_name = "http://HOST:PORT", value_parser = parse_url)]
    url: Option<String>,

    /// The file whose first line is the password of the key that is imported, where it has one
    #[arg(long, value_name = "FILE")]
    key_password_file: Option<PathBuf>,
}

impl Options {
    pub(super) async fn import(&self, other: OtherCa, global: &Global) -> Result<Imported> {
        let subject = match other.chain.first() {
            Some(ca) => ca.subject().to_string(),
            None => String::new(),
        };
        let known = self.known(vec![other.chain], ABOVE_IN_FILE);
        let new = Takeover::prepare(&Home::of(global)?, &known)?;
        let key = self.read_key(&other.key)?;
        let passphrase = new_passphrase(global)?;
        let mut takeover = Takeover::begin(new, known, Some((key, passphrase))).await?;
        takeover.add(0, other.issued).await?;
        let next_crl_number = takeover.crl_number(0, other.crl_number).await?;
        let certificates = takeover.added();
        Ok(Imported {
            name: self.name.to_string(),
            directory: takeover.finish()?.display().to_string(),
            subject,
            certificates,
            revoked: other.revoked,
            next_crl_number,
            left_out: 0,
            missing_key: None,
        })
    }

    pub(super) fn known(
        &self,
        chains: Vec<Vec<x509_identity::Certificate>>,
        advice: &'static str,
    ) -> Known<'_> {
        Known {
            name: &self.name,
            url: self.url.as_deref(),
            chains,
            advice,
        }
    }

    pub(super) fn read_key(&self, path: &Path) -> Result<KeyPair> {
        let bytes = read_secret(path)?;
        let given = self
            .key_password_file
            .as_deref()
            .map(password_of)
            .transpose()?;
        let mut read = EncodedKey::read(&bytes, given.as_ref());
        if let (Err(KeyError::Encrypted), None) = (&read, &given) {
            let typed = password(None, "the key that is imported", "--key-password-file")?;
            read = EncodedKey::read(&bytes, Some(&typed));
        }
        read.and_then(|key| key.key_pair())
            .with_context(|| format!("cannot use {}", path.display()))
    }
}

const ABOVE_IN_FILE: &str = "put the certificates above it behind it, up to the root";
