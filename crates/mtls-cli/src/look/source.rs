//! A file or a server.

use std::convert::Infallible;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, Result, bail};
use zeroize::Zeroizing;

use super::sections::certificates;
use super::server::ServerUrl;
use crate::files;

/// What is looked at: a file, `-` for standard input, or the URL of a server.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Stdin,
    File(PathBuf),
    Server(String),
}

impl FromStr for Source {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "-" => Self::Stdin,
            url if url.contains("://") => Self::Server(url.to_owned()),
            path => Self::File(path.into()),
        })
    }
}

impl Source {
    /// The bytes of a file or of standard input.
    pub(crate) fn bytes(&self) -> Result<Zeroizing<Vec<u8>>> {
        match self {
            Self::File(path) => files::read(path),
            Self::Stdin => {
                let mut bytes = Zeroizing::new(Vec::new());
                let mut input = std::io::stdin().lock().take(MAX_LEN + 1);
                input
                    .read_to_end(&mut bytes)
                    .context("cannot read standard input")?;
                if bytes.len() as u64 > MAX_LEN {
                    bail!("standard input is longer than {MAX_LEN} bytes");
                }
                Ok(bytes)
            }
            Self::Server(url) => bail!("{url} is not a file"),
        }
    }

    /// The URL, where it is a server.
    pub(crate) fn server(&self) -> Result<Option<ServerUrl>> {
        match self {
            Self::Server(url) => url.parse().map(Some),
            Self::File(_) | Self::Stdin => Ok(None),
        }
    }

    /// The certificates of a file, leaf first.
    pub(crate) fn certificates(&self) -> Result<Vec<x509_identity::Certificate>> {
        certificates(&self.bytes()?).with_context(|| format!("cannot use {self}"))
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => Path::display(path).fmt(f),
            Self::Server(url) => f.write_str(url),
            Self::Stdin => f.write_str("standard input"),
        }
    }
}

const MAX_LEN: u64 = 64 << 20;
