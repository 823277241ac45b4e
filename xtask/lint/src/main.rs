//! `cargo xtask lint-agreement`: our lint beside pkilint and `openssl verify -x509_strict`.
//!
//! Certificates of random policies, which nobody may mind, and certificates with one change each that somebody should:
//! where the three agree, and why where they do not, is a table of `docs/lint.md`.

mod changes;
mod judges;
mod mutate;
mod pki;
mod policies;
mod random;
mod table;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use suite::{Peers, Tally, replace_section, workspace};

use self::judges::Judges;
use self::pki::Pki;
use self::random::Random;

fn main() -> ExitCode {
    let agreement = Agreement::parse();
    suite::close(agreement.run(&Peers::installed()))
}

/// Lint certificates of random policies and with random changes by three linters, and compare what they say.
#[derive(Parser)]
#[command(
    bin_name = "cargo xtask lint-agreement",
    after_help = "Example: cargo xtask lint-agreement --write"
)]
struct Agreement {
    /// How many certificates of random policies.
    #[arg(long, default_value_t = 1000)]
    policies: usize,

    /// How many certificates with each change, for each of five roles.
    #[arg(long, default_value_t = 10)]
    each: usize,

    /// Where the random choices begin.
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Write the table into docs/lint.md.
    #[arg(long)]
    write: bool,
}

impl Agreement {
    fn run(&self, peers: &Peers) -> Result<Tally> {
        let mut random = Random::from_seed(self.seed);
        let pki = Pki::make()?;
        let judges = Judges { peers, pki: &pki };
        let mut tally = Tally::default();

        let good = policies::check(&judges, &mut random, self.policies)?;
        count(&mut tally, good.unexpected.is_empty());
        for unexpected in &good.unexpected {
            println!("FAILED  {unexpected}");
        }
        println!("{}", good.summary());

        let rows = table::rows(&judges, &mut random, self.each)?;
        for row in &rows {
            let explained = row.is_explained();
            count(&mut tally, explained);
            println!("{}  {row}", if explained { "ok    " } else { "FAILED" });
        }
        let written = table::to_markdown(&good, &rows, peers);
        if self.write {
            replace_section(&workspace().join("docs/lint.md"), "lint", &written)?;
        }
        Ok(tally)
    }
}

fn count(tally: &mut Tally, passed: bool) {
    if passed {
        tally.passed += 1;
    } else {
        tally.failed += 1;
    }
}
