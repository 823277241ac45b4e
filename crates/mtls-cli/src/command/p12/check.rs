//! `mtls p12 check`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use pkcs12_ios::{Effect, Limits, Objection, Outlook, Reader, inspect};
use serde::Serialize;

use crate::files::{password_of, read_secret};
use crate::output::{Outcome, Output, Tone};

/// Say which devices and programs import a bundle, why the others do not, and what they show instead
///
/// Most of them say that the password is wrong where an algorithm is. Works without the password; with it, kinds of
/// keys and attributes are checked, too. Exit code 1 where a target does not import it.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls p12 check client.p12\n  mtls p12 check client.p12 --target ios17 --target android13\n\n\
                  Targets: ios17 ios18 ios26 macos14 macos15 android13 android14 java8 java17 win2016 win1709 openssl3 nss \
                  node20"
)]
pub(crate) struct Check {
    /// The bundle
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Who has to import it [default: all of them]
    #[arg(long, value_name = "TARGET")]
    target: Vec<Reader>,

    /// The file whose first line is the bundle's password
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Verdict {
    target: &'static str,
    reader: String,
    /// Whether it is imported, with a key if it has one.
    accepted: bool,
    outcome: &'static str,
    /// Keys with certificates that are imported, where that is known.
    identities: Option<usize>,
    objections: Vec<ObjectionView>,
}

#[derive(Debug, Serialize)]
struct ObjectionView {
    place: String,
    effect: &'static str,
    reason: String,
    /// What the reader shows.
    message: Option<&'static str>,
}

impl Verdict {
    fn of(reader: Reader, outlook: &Outlook) -> Self {
        Self {
            target: reader.name(),
            reader: reader.to_string(),
            accepted: outlook.is_accepted(),
            outcome: match (outlook.is_refused(), outlook.identities) {
                (true, _) => "refused",
                (false, Some(0)) => "nothing-imported",
                (false, _) => "imported",
            },
            identities: outlook.identities,
            objections: outlook.objections.iter().map(ObjectionView::of).collect(),
        }
    }
}

impl ObjectionView {
    fn of(objection: &Objection) -> Self {
        Self {
            place: objection.place.to_string(),
            effect: match objection.effect {
                Effect::LeftOut => "left-out",
                Effect::Refused => "refused",
                _ => "unknown",
            },
            reason: objection.sentence.clone(),
            message: objection.message,
        }
    }
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
            .map(|reader| Verdict::of(*reader, &inspection.outlook(*reader)))
            .collect();
        if out.is_json() {
            out.json(&verdicts)?;
        } else {
            verdicts
                .iter()
                .try_for_each(|verdict| print(out, verdict))?;
        }
        Ok(Outcome::found(
            !verdicts.iter().all(|verdict| verdict.accepted),
        ))
    }
}

fn print(out: &mut Output, verdict: &Verdict) -> Result<()> {
    let word = match verdict.outcome {
        "imported" => out.paint(Tone::Good, "imports it"),
        "refused" => out.paint(Tone::Bad, "refuses it"),
        _ => out.paint(Tone::Bad, "imports nothing of it"),
    };
    out.line(format!("{:10} {word} ({})", verdict.target, verdict.reader))?;
    for objection in &verdict.objections {
        let ObjectionView { place, reason, .. } = objection;
        out.line(format!("{:10}   {place}: {reason}", ""))?;
        if let Some(message) = objection.message {
            out.line(format!("{:10}   it shows {message}", ""))?;
        }
    }
    Ok(())
}
