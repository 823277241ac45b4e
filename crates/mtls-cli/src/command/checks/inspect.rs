//! `mtls inspect`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use time::OffsetDateTime;

use crate::files::password_of;
use crate::look::{Item, Source, items};
use crate::output::{Outcome, Output, Tone};

/// Show what a file holds, or what a server presents
///
/// Reads PEM with any number of certificates, certificate requests, CRLs and keys, the same in DER, and PKCS#12
/// bundles. Of a private key only its kind and the hash of its public key are shown.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls inspect client.crt\n  mtls inspect client.p12 --password-file password.txt\n  \
                  mtls inspect https://api.example.org:8443"
)]
pub(crate) struct Inspect {
    /// A file, - for standard input, or https://HOST:PORT
    #[arg(value_name = "FILE|URL")]
    source: Source,

    /// The file whose first line is the password of the bundle or key
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl Inspect {
    pub(crate) fn run(self, out: &mut Output) -> Result<Outcome> {
        let password = self.password_file.as_deref().map(password_of).transpose()?;
        let items = match self.source.server()? {
            Some(server) => server
                .presented()?
                .iter()
                .map(|der| Item::certificate(der))
                .collect(),
            None => items(&self.source.bytes()?, password.as_ref())
                .with_context(|| format!("cannot show {}", self.source))?,
        };
        print(out, &items)?;
        Ok(Outcome::found(!items.iter().all(Item::is_readable)))
    }
}

/// Prints things one after the other.
fn print(out: &mut Output, items: &[Item]) -> Result<()> {
    if out.is_json() {
        out.json(&items)?;
        return Ok(());
    }
    let now = OffsetDateTime::now_utc();
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.line("")?;
        }
        let tone = if item.is_readable() {
            Tone::Good
        } else {
            Tone::Bad
        };
        let title = out.paint(tone, item.title());
        out.line(title)?;
        out.line(item.fields(now).to_string())?;
    }
    Ok(())
}
