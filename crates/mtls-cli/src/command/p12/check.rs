//! `mtls p12 check`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use pkcs12_ios::{Limits, Reader, inspect};
use serde::Serialize;

use crate::files::{password_of, read_secret};
use crate::output::{Outcome, Output, Tone};

/// Say which devices and programs take a bundle, and why the others refuse it
///
/// Most of them say that the password is wrong where an algorithm is. Works without the password; with it, kinds of
/// keys and attributes are checked, too. Exit code 1 where a target refuses it.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls p12 check client.p12\n  mtls p12 check client.p12 --target ios17 --target android13\n\n\
                  Targets: android13 android14 ios17 ios18 java8 java12 macos14 nss openssl3 windows2016 windows2019"
)]
pub(crate) struct Check {
    /// The bundle
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Who has to take it [default: all of them]
    #[arg(long, value_name = "TARGET")]
    target: Vec<Reader>,

    /// The file whose first line is the bundle's password
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Verdict {
    target: &'static str,
    accepted: bool,
    objections: Vec<String>,
}

impl Check {
    pub(crate) fn run(self, out: &mut Output) -> Result<Outcome> {
        let bytes = read_secret(&self.file)?;
        let password = self.password_file.as_deref().map(password_of).transpose()?;
        let inspection = inspect(&bytes, password.as_ref(), &Limits::default())
            .with_context(|| format!("cannot read {}", self.file.display()))?;
        let readers = if self.target.is_empty() {
            Reader::ALL.to_vec()
        } else {
            self.target
        };
        let verdicts: Vec<_> = readers
            .iter()
            .map(|reader| {
                let objections = inspection.check(*reader);
                Verdict {
                    target: reader.name(),
                    accepted: objections.is_empty(),
                    objections: objections.iter().map(ToString::to_string).collect(),
                }
            })
            .collect();
        if out.is_json() {
            out.json(&verdicts)?;
        } else {
            for (reader, verdict) in readers.iter().zip(&verdicts) {
                let word = match verdict.accepted {
                    true => out.paint(Tone::Good, "takes it  "),
                    false => out.paint(Tone::Bad, "refuses it"),
                };
                out.line(format!("{:12} {word} ({reader})", verdict.target))?;
                for objection in &verdict.objections {
                    out.line(format!("{:12}   {objection}", ""))?;
                }
            }
        }
        Ok(Outcome::found(
            !verdicts.iter().all(|verdict| verdict.accepted),
        ))
    }
}
