//! `cargo xtask mutants`: which changes to the code that decides who is accepted does no test notice?
//!
//! cargo-mutants makes each change (a function that returns at once, a comparison the other way round), and runs the
//! tests of the package. A change that they pass has survived: a test is missing, or the change means nothing. Those
//! that are known to mean nothing are in `survivors.toml`, each with its reason.

mod mutant;
mod survivors;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use suite::{Tally, workspace};

use crate::mutant::Mutant;
use crate::survivors::Survivors;

fn main() -> ExitCode {
    suite::close(Mutants::parse().run())
}

/// Change the code that decides who is accepted, one place at a time, and see which changes no test notices.
///
/// All of it takes hours: name files, or a share of it, and the tests that are about them. Results are kept in
/// target/mutants.
#[derive(Parser)]
#[command(
    bin_name = "cargo xtask mutants",
    after_help = "Example: cargo xtask mutants 'crates/mtls-server/src/forwarded/**' --test forwarded --test forward_identity"
)]
struct Mutants {
    /// Files to change, as glob patterns; the handshake, sessions, forwarded certificates, revocation and the chain
    /// verifier if left out
    #[arg(value_name = "FILES")]
    files: Vec<String>,

    /// One of so many shares of the changes: 0/4 to 3/4
    #[arg(long, value_name = "K/N")]
    share: Option<String>,

    /// Integration tests to build and run beside the unit tests, of the package that the files are of; all if left out
    #[arg(long = "test", value_name = "NAME")]
    tests: Vec<String>,

    /// Say which changes there are, and make none
    #[arg(long)]
    list: bool,
}

/// The code that decides who is accepted.
const FILES: &[&str] = &[
    "crates/mtls-server/src/connection/**",
    "crates/mtls-server/src/forwarded/**",
    "crates/mtls-server/src/handshake/**",
    "crates/mtls-server/src/reload/**",
    "crates/mtls-server/src/sources/crl_sources/**",
    "crates/mtls-server/src/verify/**",
    "crates/pki-core/src/crl/**",
    "crates/pki-core/src/verify/**",
];

impl Mutants {
    fn run(&self) -> Result<Tally> {
        require_cargo_mutants()?;
        if self.list {
            let status = self.command().arg("--list").status()?;
            ensure!(status.success(), "cargo mutants ended with {status}");
            return Ok(Tally::default());
        }
        let output = workspace().join("target/mutants");
        fs::create_dir_all(&output)?;
        let status = self
            .command()
            .arg("--output")
            .arg(&output)
            // What no longer ends is noticed, too.
            .args(["--minimum-test-timeout", "120", "--no-shuffle"])
            .status()
            .context("starting cargo mutants")?;
        // 2 and 3: some have survived, or did not end.
        if !matches!(status.code(), Some(0 | 2 | 3)) {
            bail!("cargo mutants ended with {status}");
        }
        report(&output.join("mutants.out"), &Survivors::read()?)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO"));
        command
            .arg("mutants")
            .args(["--package", "pki-core", "--package", "mtls-server"])
            .current_dir(workspace());
        let files = match self.files.as_slice() {
            [] => FILES.iter().map(ToString::to_string).collect(),
            files => files.to_vec(),
        };
        for file in files {
            command.args(["--file", &file]);
        }
        if let Some(share) = &self.share {
            command.args(["--shard", share]);
        }
        if !self.tests.is_empty() {
            command.arg("--cargo-arg=--lib");
        }
        for test in &self.tests {
            command.arg(format!("--cargo-arg=--test={test}"));
        }
        command
    }
}

fn require_cargo_mutants() -> Result<()> {
    let said = Command::new(env!("CARGO"))
        .args(["mutants", "--version"])
        .output();
    if said.is_ok_and(|said| said.status.success()) {
        return Ok(());
    }
    bail!("cargo-mutants is not installed: cargo install --locked cargo-mutants")
}

/// Says what was not noticed and is not known, and what is known and was noticed.
fn report(results: &Path, known: &Survivors) -> Result<Tally> {
    let read = |name: &str| -> Result<BTreeSet<Mutant>> {
        let file = results.join(name);
        let text =
            fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
        Ok(text.lines().filter_map(Mutant::parse).collect())
    };
    let (missed, caught) = (read("missed.txt")?, read("caught.txt")?);
    let caught_late = read("timeout.txt")?;
    let mut tally = Tally {
        passed: caught.len() + caught_late.len(),
        failed: 0,
    };
    for mutant in &missed {
        match known.reason(mutant) {
            Some(reason) => {
                println!("known   {mutant}: {reason}");
                tally.passed += 1;
            }
            None => {
                println!("FAILED  {mutant}: no test notices");
                tally.failed += 1;
            }
        }
    }
    // The same change can be made in two places of a file; then it counts if one of them survives.
    for mutant in caught.difference(&missed) {
        if known.reason(mutant).is_some() {
            println!("FAILED  {mutant}: a test notices by now, take it out of survivors.toml");
            tally.failed += 1;
        }
    }
    Ok(tally)
}
