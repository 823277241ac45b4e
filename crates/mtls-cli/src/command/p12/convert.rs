//! `mtls p12 convert`.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use pkcs12_ios::{Bundle, Encoding, Limits};

use crate::files::{read_secret, write_secret};
use crate::home::password;
use crate::output::{Outcome, Output};

/// Write a bundle anew, with the algorithms that its readers need
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  mtls p12 convert old.p12 --password-file password.txt --to compat --out phone.p12"
)]
pub(crate) struct Convert {
    /// The bundle, with one key
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The file whose first line is the bundle's password; asked for on the terminal without it
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,

    /// The password of the new bundle [default: that of the old one]
    #[arg(long, value_name = "FILE")]
    new_password_file: Option<PathBuf>,

    /// The algorithms of the new bundle
    #[arg(long, value_enum, default_value = "compat")]
    to: Kind,

    /// Where the new bundle goes
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Replace a file that is there
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// 3DES and SHA-1: every reader, iOS 17 and older too
    Compat,
    /// AES-256 and SHA-256: iOS 18, macOS 15, Android 14, OpenSSL 1.1 and newer
    Modern,
}

impl Convert {
    pub(crate) fn run(self, out: &mut Output) -> Result<Outcome> {
        if self.out.exists() && !self.force {
            bail!(
                "{} is there already: give another name, or --force to replace it",
                self.out.display()
            );
        }
        let bytes = read_secret(&self.file)?;
        let old = password(
            self.password_file.as_deref(),
            "the bundle",
            "--password-file",
        )?;
        let bundle = Bundle::open(&bytes, &old, &Limits::default())
            .with_context(|| format!("cannot open {}", self.file.display()))?;
        let new = match &self.new_password_file {
            Some(path) => crate::files::password_of(path)?,
            None => old,
        };
        let key = bundle
            .key()
            .key_pair()
            .context("its key cannot be bundled")?;
        let mut builder = Bundle::builder(&key, bundle.leaf_der())
            .chain(bundle.chain_der())
            .encoding(match self.to {
                Kind::Compat => Encoding::Compat,
                Kind::Modern => Encoding::Modern,
            });
        if let Some(name) = bundle.friendly_name() {
            builder = builder.friendly_name(name);
        }
        let new = builder.build(&new).context("no bundle was written")?;
        write_secret(&self.out, &new)?;
        out.line(format!("wrote {}", self.out.display()))?;
        Ok(Outcome::Done)
    }
}
