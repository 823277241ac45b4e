//! `mtls migrate scan`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use serde::Serialize;
use time::OffsetDateTime;

use super::row::Row;
use crate::files::password_of;
use crate::look::{Group, Skipped, Source, scan};
use crate::output::{Outcome, Output, Tone, date, note, table, waiting};

/// List client certificates that are useless, or whose next one will be, since a public CA issues no clientAuth
///
/// Looks into files (PEM, DER, PKCS#12), into all files below directories, and at what servers present. Who has issued
/// a certificate is told by its names, and nothing is verified. Exit code 1 where something has to be done, or where
/// something that was named cannot be looked into.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls migrate scan client.crt\n  mtls migrate scan /etc/letsencrypt/live /etc/nginx --json\n  \
                  mtls migrate scan bundles --password-file password.txt\n  mtls migrate scan https://api.example.org"
)]
pub(crate) struct Scan {
    /// Files, directories, and URLs of servers whose certificates are those of clients too
    #[arg(value_name = "PATH|URL", required = true)]
    sources: Vec<Source>,

    /// A file whose first line is the password of bundles; may be given again
    #[arg(long, value_name = "FILE")]
    password_file: Vec<PathBuf>,

    /// List what is good, too
    #[arg(long)]
    all: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    /// Certificates that are not those of CAs, each counted once.
    scanned: usize,
    affected: usize,
    certificates: Vec<&'a Row>,
    skipped: &'a [Skipped],
}

impl Scan {
    pub(crate) fn run(self, out: &mut Output) -> Result<Outcome> {
        let passwords = self.password_file.iter().map(|path| password_of(path));
        let passwords = passwords.collect::<Result<Vec<_>>>()?;
        let now = OffsetDateTime::now_utc();
        let (mut groups, mut skipped) = (Vec::new(), Vec::new());
        waiting("looking", || {
            for source in &self.sources {
                scan(source, &passwords, &mut groups, &mut skipped);
            }
        });
        let rows = rows(&groups, now);
        let affected = rows.iter().filter(|row| row.affected).count();
        if out.is_json() {
            out.json(&Report {
                scanned: rows.len(),
                affected,
                certificates: rows.iter().collect(),
                skipped: &skipped,
            })?;
        } else {
            for one in &skipped {
                note(format!("skipped {}: {}", one.place, one.reason));
            }
            let listed = rows.iter().filter(|row| row.affected || self.all);
            print(out, &listed.collect::<Vec<_>>())?;
            out.line(format!(
                "{} of {} certificates affected",
                affected,
                rows.len()
            ))?;
        }
        if skipped.iter().any(|one| one.named) && rows.is_empty() {
            bail!("nothing that was named can be looked into");
        }
        let is_incomplete = skipped.iter().any(|one| one.named);
        Ok(Outcome::found(affected > 0 || is_incomplete))
    }
}

/// Each certificate once, with all places in which it was found; what ends first comes first.
fn rows(groups: &[Group], now: OffsetDateTime) -> Vec<Row> {
    let mut rows = BTreeMap::<[u8; 32], Row>::new();
    for group in groups {
        for certificate in group.certificates.iter().filter(|one| !one.is_ca()) {
            let row = Row::of(certificate, &group.certificates, now);
            let known = rows.entry(*certificate.fingerprint_sha256()).or_insert(row);
            if !known.found_in.contains(&group.place) {
                known.found_in.push(group.place.clone());
            }
        }
    }
    let mut rows: Vec<_> = rows.into_values().collect();
    rows.sort_by(|a, b| (a.not_after, &a.found_in).cmp(&(b.not_after, &b.found_in)));
    rows
}

/// A table, and below it what each code in it means.
fn print(out: &mut Output, rows: &[&Row]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let cells = rows.iter().map(|row| {
        [
            row.subject.clone(),
            row.issued_by().to_owned(),
            date(row.not_after),
            row.state.to_owned(),
            row.found_in.join("\n"),
        ]
    });
    let header = ["subject", "issued by", "until", "state", "found in"];
    out.line(table(header, cells))?;
    out.line("")?;
    let sentences: BTreeMap<_, _> = rows
        .iter()
        .map(|row| ((row.state, &row.sentence), row.affected))
        .collect();
    for ((state, sentence), affected) in sentences {
        let tone = if affected { Tone::Bad } else { Tone::Good };
        out.line(format!("{}: {sentence}", out.paint(tone, state)))?;
    }
    out.line("")?;
    Ok(())
}
