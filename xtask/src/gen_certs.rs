//! `cargo xtask gen-certs`: the lab as files.

use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use mtls_lab::{Ensured, Existing, KeyType, LAB_PASSWORD, Manifest, Options, ServerName, ensure};
use pki_core::Password;
use serde_json::json;
use time::OffsetDateTime;

use crate::waiting::Waiting;

/// Write the lab: CAs, certificates, bundles, configurations, and all that has to be refused.
///
/// A complete lab that is good for 30 days more and was made with the same options is left as it is.
#[derive(Args)]
pub(crate) struct GenCerts {
    /// The lab's directory
    #[arg(long, value_name = "DIR", default_value = "lab")]
    out: PathBuf,
    /// P-256 throughout, RSA (4096 bits for CAs, 2048 for leaves), or ML-DSA-65, which takes TLS 1.3 and OpenSSL 3.5
    #[arg(long, value_enum, default_value_t = KeyTypeArgument::Ec)]
    key_type: KeyTypeArgument,
    /// Make a new lab in any case
    #[arg(long)]
    force: bool,
    /// The password of the .p12 files: for labs only, as everybody on this machine can read it here
    #[arg(long, value_name = "P", default_value = LAB_PASSWORD, hide_default_value = true)]
    p12_password: String,
    /// One more DNS name or IP address of the server; may be given again
    #[arg(long, value_name = "NAME")]
    san: Vec<ServerName>,
    /// Print the manifest as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum KeyTypeArgument {
    Ec,
    MlDsa,
    Rsa,
}

impl GenCerts {
    pub(crate) fn run(self) -> Result<()> {
        let is_public = self.p12_password == LAB_PASSWORD;
        let options = Options {
            key_type: match self.key_type {
                KeyTypeArgument::Ec => KeyType::Ec,
                KeyTypeArgument::MlDsa => KeyType::MlDsa,
                KeyTypeArgument::Rsa => KeyType::Rsa,
            },
            p12_password: Password::new(self.p12_password),
            extra_names: self.san,
        };
        let existing = if self.force {
            Existing::Replace
        } else {
            Existing::Keep
        };
        let waiting =
            (options.key_type == KeyType::Rsa).then(|| Waiting::of("looking for RSA primes"));
        let ensured = ensure(&self.out, &options, existing, OffsetDateTime::now_utc())
            .with_context(|| format!("no lab was written to {}", self.out.display()))?;
        drop(waiting);

        let text = if self.json {
            let made = matches!(ensured, Ensured::Made(..));
            let report = json!({ "out": self.out, "made": made, "manifest": ensured.manifest() });
            serde_json::to_string_pretty(&report)? + "\n"
        } else {
            account(&ensured, &self.out, is_public)?
        };
        suite::process::print(&text)
    }
}

/// What was done, what is there now, and what to try with it.
fn account(ensured: &Ensured, lab: &Path, password_is_public: bool) -> Result<String, fmt::Error> {
    let mut out = String::new();
    let place = lab.display();
    let manifest = ensured.manifest();
    match ensured {
        Ensured::Kept(_) => {
            let (keys, end) = (manifest.key_type, end(manifest));
            writeln!(
                out,
                "{place} holds a complete {keys} lab that is good until {end}: nothing to do (--force makes a new one)"
            )?;
            return Ok(out);
        }
        Ensured::Made(_, Some(unfit)) => writeln!(
            out,
            "made a new lab in {place}, since the old one is of no use any more: {unfit}:"
        )?,
        Ensured::Made(_, None) => writeln!(out, "made a lab in {place}:")?,
    }
    write_tree(&mut out, manifest)?;
    write_what_to_try(&mut out, lab, password_is_public)?;
    Ok(out)
}

fn end(manifest: &Manifest) -> String {
    manifest
        .ends()
        .map_or_else(String::new, |end| end.date().to_string())
}

/// One line for each directory; a directory of cases is one line for each case.
fn write_tree(out: &mut String, manifest: &Manifest) -> fmt::Result {
    let mut directory = "";
    let mut line = String::new();
    for file in &manifest.files {
        let path: &str = &file.path;
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        if parent != directory {
            writeln!(out, "{line}")?;
            line.clear();
            directory = parent;
        }
        if line.is_empty() {
            line = if parent.is_empty() {
                "  ".to_owned()
            } else {
                format!("  {:24}", format!("{parent}/"))
            };
        } else {
            line.push(' ');
        }
        line.push_str(name);
    }
    writeln!(out, "{line}\n  manifest.json")
}

fn write_what_to_try(out: &mut String, lab: &Path, password_is_public: bool) -> fmt::Result {
    let place = lab.display();
    writeln!(
        out,
        "\nthe keys are readable by you only; trust none of these CAs outside of tests"
    )?;
    if password_is_public {
        writeln!(out, "password of every .p12: {LAB_PASSWORD} (lab only)")?;
    }
    writeln!(out, "\ntry:")?;
    writeln!(out, "  cargo run --example lab -- --dir {place}")?;
    writeln!(
        out,
        "  (cd {place} && nginx -p . -e stderr -c servers/nginx.conf)"
    )?;
    writeln!(out, "  (cd {place} && bash clients/curl.sh)")?;
    writeln!(out, "  less {place}/README.md")
}
