//! `mtls ca export`.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use pki_core::certificate_pem;
use serde::Serialize;
use x509_identity::Certificate;

use crate::files::write_public;
use crate::global::Global;
use crate::home::Home;
use crate::output::{Outcome, Output, hex};

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
        let pem: String = roots.iter().map(certificate_pem).collect();
        if let Some(path) = &self.out {
            write_public(path, pem.as_bytes())?;
            out.line(format!("wrote {}", path.display()))?;
        }
        if out.is_json() {
            let roots = roots.iter().map(Root::of).collect();
            let file = self.out;
            out.json(&Exported { file, roots })?;
        } else if self.out.is_none() {
            out.bytes(pem.as_bytes())?;
        }
        Ok(Outcome::Done)
    }
}

#[derive(Debug, Serialize)]
struct Exported {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<PathBuf>,
    roots: Vec<Root>,
}

#[derive(Debug, Serialize)]
struct Root {
    subject: String,
    fingerprint_sha256: String,
    pem: String,
}

impl Root {
    fn of(root: &Certificate) -> Self {
        Self {
            subject: root.subject().to_string(),
            fingerprint_sha256: hex(root.fingerprint_sha256()),
            pem: certificate_pem(root),
        }
    }
}
