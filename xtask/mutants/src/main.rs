//! `cargo xtask mutants`: which changes to the code that decides who is accepted does no test notice?
//!
//! A change takes something out: a call that is made for its effect, a condition, one side of `&&`, the work of a
//! function. To build a program for each of them would take days. So all are built into one program, each behind a
//! switch, and the tests that come by a change are run with that one switched on. A change that all of them pass has
//! survived: a test is missing, or the change means nothing. Those that are known to mean nothing are in
//! `survivors.toml`, each with its reason.

mod change;
mod edits;
mod find;
mod memory;
mod outcomes;
mod program;
mod run;
mod shared;
mod survivors;
mod tree;
mod trial;

use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Parser;
use suite::Tally;

use crate::change::Change;
use crate::outcomes::{Outcome, Outcomes};
use crate::survivors::Survivors;
use crate::tree::Tree;
use crate::trial::Trial;

fn main() -> ExitCode {
    suite::close(Mutants::parse().run())
}

/// Take something out of the code that decides who is accepted, one place at a time, and see which changes no test
/// notices.
///
/// A directory takes minutes, all of it about an hour. What is found out is remembered below target/mutants, where the
/// changed workspace is, too: a run that was interrupted goes on, and one after another edit asks first what noticed a
/// change the last time.
#[derive(Parser)]
#[command(
    bin_name = "cargo xtask mutants",
    after_help = "Example: cargo xtask mutants crates/mtls-server/src/verify/session"
)]
struct Mutants {
    /// Files or directories to change; the handshake, sessions, forwarded certificates, revocation and the chain
    /// verifier if left out
    #[arg(value_name = "PATH")]
    paths: Vec<String>,

    /// Of all these, try only the changes in this file or directory; the next run has nothing to build then
    #[arg(long, value_name = "PATH")]
    only: Vec<String>,

    /// Try only the changes that no test noticed in the runs before this one
    #[arg(long)]
    unnoticed: bool,

    /// How many changes are tried at once
    #[arg(long, value_name = "N", default_value_t = 2)]
    jobs: usize,

    /// How many of the tests that come by a change are run, beginning with those that come by the fewest; all if left
    /// out
    #[arg(long, value_name = "N")]
    tests: Option<usize>,

    /// Say which changes there are, and make none
    #[arg(long)]
    list: bool,
}

/// The code that decides who is accepted, in the order in which it is tried.
const PATHS: &[&str] = &[
    "crates/mtls-server/src/verify",
    "crates/mtls-server/src/reload",
    "crates/mtls-server/src/forwarded",
    "crates/mtls-server/src/sources/crl_sources",
    "crates/pki-core/src/verify",
    "crates/pki-core/src/crl",
    "crates/mtls-server/src/handshake",
    "crates/mtls-server/src/connection",
    "crates/mtls-server/src/serve/authority.rs",
    "crates/mtls-server/src/serve/service.rs",
    "crates/x509-identity/src",
];

impl Mutants {
    fn run(&self) -> Result<Tally> {
        let paths = match self.paths.as_slice() {
            [] => PATHS.iter().map(ToString::to_string).collect(),
            paths => paths.to_vec(),
        };
        let mut tree = Tree::of(&paths)?;
        ensure!(tree.changes().next().is_some(), "nothing to change there");
        if self.list {
            for (_, change) in tree.changes() {
                suite::process::print(&format!(
                    "{}:{}: {}\n",
                    change.file, change.line, change.what
                ))?;
            }
            return Ok(Tally::default());
        }
        let programs = tree.build()?;
        let known = Survivors::read()?;
        let tests = program::tests(&programs, self.jobs, &tree::directory().join("tests.json"))?;
        let outcomes = Outcomes::open(&tree::directory().join("outcomes.json"))?;
        println!(
            "{} changes, {} more do not compile; {} tests",
            tree.changes().count(),
            tree.left_out(),
            tests.len()
        );
        let most = self.tests.unwrap_or(usize::MAX);
        let trial = Trial::new(&programs, &tests, tree.all_files(), most, &outcomes);
        let order = if self.only.is_empty() {
            &paths
        } else {
            &self.only
        };
        let nth = |change: &Change| order.iter().position(|path| change.file.starts_with(path));
        let mut wanted: Vec<_> = tree.changes().collect();
        wanted.retain(|(_, change)| {
            nth(change).is_some() && !(self.unnoticed && outcomes.noticed_by(change).is_some())
        });
        wanted.sort_by_key(|(_, change)| nth(change));
        let mut tally = Tally::default();
        let (mut noticed, mut with_reason, mut survived) = (0, 0, 0);
        trial.all(wanted, self.jobs, |change, outcome| {
            let (count, holds) = match (outcome, known.reason(change)) {
                (Outcome::Noticed(by), None) => {
                    println!("ok      {change}: {by}");
                    (&mut noticed, true)
                }
                (Outcome::Noticed(by), Some(_)) => {
                    println!(
                        "FAILED  {change}: {by} notices by now, take it out of survivors.toml"
                    );
                    (&mut noticed, false)
                }
                (Outcome::Survived(_), Some(reason)) => {
                    println!("known   {change}: {reason}");
                    (&mut with_reason, true)
                }
                (Outcome::Survived(0), None) => {
                    println!("FAILED  {change}: no test comes by");
                    (&mut survived, false)
                }
                (Outcome::Survived(tests), None) => {
                    println!("FAILED  {change}: {tests} tests come by, and none notices");
                    (&mut survived, false)
                }
            };
            *count += 1;
            tally.passed += usize::from(holds);
            tally.failed += usize::from(!holds);
        })?;
        println!("{noticed} noticed, {with_reason} not, for a reason, {survived} not");
        Ok(tally)
    }
}
