//! `mtls ca export`.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use pki_core::certificate_pem;

use crate::files::write_public;
use crate::global::Global;
use crate::home::Home;
use crate::output::{Outcome, Output};

/// Print the CA's roots as PEM: what others have to trust
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls ca export --out ca.crt\n  mtls ca export --bundle both --out ca.crt"
)]
pub(crate) struct Export {
    /// Write them into a file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// While a root is being replaced: the old one, the new one, or both [default: both]
    #[arg(long, value_enum)]
    bundle: Option<Bundle>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Bundle {
    /// What everybody trusted before
    Old,
    /// What everybody should trust until nothing needs the old root
    Both,
    /// What everybody should trust afterwards
    New,
}

impl Export {
    pub(crate) fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        let ca = Home::of(global)?.ca(global.ca.as_deref())?;
        let roots = match (self.bundle, ca.old_root()) {
            (Some(Bundle::Old), Some(old)) => ca.certificates(old)?,
            (Some(Bundle::New), _) => ca.certificates(ca.root())?,
            (Some(Bundle::Both), Some(_)) | (None, _) => ca.roots()?,
            (Some(Bundle::Old | Bundle::Both), None) => {
                bail!("no root is being replaced: `mtls ca export` prints the one that there is")
            }
        };
        let roots: String = roots.iter().map(certificate_pem).collect();
        match &self.out {
            Some(path) => {
                write_public(path, roots.as_bytes())?;
                out.line(format!("wrote {}", path.display()))?;
            }
            None => out.bytes(roots.as_bytes())?,
        }
        Ok(Outcome::Done)
    }
}
