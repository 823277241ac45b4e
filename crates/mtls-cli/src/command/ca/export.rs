//! `mtls ca export`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use pki_core::certificate_pem;

use crate::files::write_public;
use crate::global::Global;
use crate::home::Home;
use crate::output::{Outcome, Output};

/// Print the CA's roots as PEM: what others have to trust
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  mtls ca export --out ca.crt")]
pub(crate) struct Export {
    /// Write them into a file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Export {
    pub(crate) fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        let ca = Home::of(global)?.ca(global.ca.as_deref())?;
        let roots: String = ca.roots()?.iter().map(certificate_pem).collect();
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
