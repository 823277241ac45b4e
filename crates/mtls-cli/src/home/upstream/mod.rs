//! `[upstream]` in `ca.toml`: who signs in place of the CA.

mod acm_pca;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use pki_upstream::UpstreamCa;
use serde::{Deserialize, Serialize};

use self::acm_pca::AwsAcmPca;
use super::bao::{BaoPki, Settings};

/// Who it is. OpenBao and Vault have the same API.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Upstream {
    AwsAcmPca(AwsAcmPca),
    Openbao(BaoPki),
    Vault(BaoPki),
}

impl Upstream {
    /// Reads a file with such a table; its paths become absolute.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or says what it should not.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        Self::read_from(file)
    }

    /// # Errors
    ///
    /// If the roots of a server cannot be read, or what is named cannot be asked.
    pub(crate) fn connect(&self) -> Result<Arc<dyn UpstreamCa>> {
        Ok(match self {
            Self::AwsAcmPca(it) => Arc::new(it.connect()?),
            Self::Openbao(it) | Self::Vault(it) => Arc::new(it.connect()?),
        })
    }
}

impl Settings for Upstream {
    fn paths(&mut self) -> Vec<&mut PathBuf> {
        match self {
            Self::AwsAcmPca(it) => it.paths(),
            Self::Openbao(it) | Self::Vault(it) => it.paths(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const BAO: &str =
        "kind = \"openbao\"\nurl = \"https://bao.example\"\nrole = \"a\"\ntoken-file = \"token\"\n";
    const AWS: &str = "kind = \"aws-acm-pca\"\n\
        ca-arn = \"arn:aws:acm-pca:eu-central-1:111122223333:certificate-authority/11223344\"\n\
        ca-file = \"roots.crt\"\n[templates]\nserver = \"A/V1\"\n";

    #[test]
    fn paths_are_relative_to_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("upstream.toml");
        for (text, path) in [(BAO, "token"), (AWS, "roots.crt")] {
            std::fs::write(&file, text).unwrap();
            let mut upstream = Upstream::read(&file).unwrap();
            let paths = upstream.paths();
            assert_eq!(paths, [&directory.path().join(path)]);
            // As it stands in `ca.toml`.
            let written = toml::to_string(&upstream).unwrap();
            std::fs::write(&file, &written).unwrap();
            let again = Upstream::read(&file).unwrap();
            assert_eq!(toml::to_string(&again).unwrap(), written);
        }
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("upstream.toml");
        for bad in [
            "",
            "kind = \"cfssl\"",
            &format!("{BAO}token = \"s.1\"\n"),
            &BAO.replace("openbao", "step"),
            &BAO.replace("openbao", "aws-acm-pca"),
            &AWS.replace("acm-pca:eu", "acm:eu"),
            &AWS.replace("[templates]", "secret = \"s\"\n[templates]"),
        ] {
            std::fs::write(&file, bad).unwrap();
            assert!(Upstream::read(&file).is_err(), "{bad}");
        }
    }
}
