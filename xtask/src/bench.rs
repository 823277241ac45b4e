//! `cargo xtask bench`: how fast, against the programs that people have, all in one run.

mod bundles;
mod chart;
mod clock;
mod issue;
mod load;
mod machine;
pub(crate) mod markdown;
mod recipe;
mod report;
mod rivals;
mod server;
mod set;
mod versions;

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use serde_json::json;

use self::clock::Effort;
use self::machine::Machine;
use self::report::Report;
use crate::peers::{self, Peers};

pub(crate) use self::set::RecipeSet;

/// Measure speed against named peers, in one run.
///
/// A whole run writes docs/benchmarks.md and its charts; --quick only shows whether the bench works.
#[derive(Args)]
pub(crate) struct Bench {
    /// What to measure; everything if left out
    #[arg(value_name = "NAME")]
    groups: Vec<Group>,

    /// Some hundred milliseconds for each row, and nothing written into docs/
    #[arg(long)]
    quick: bool,

    /// Write every sample into this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Group {
    /// The recipe's set as whole processes, against the shell recipe
    Recipe,
    /// PKCS#12 bundles a second, against p12-keystore and openssl
    Bundles,
    /// Handshakes and requests of `hello`, against nginx, HAProxy, Envoy, Go and Node
    Server,
    /// Certificates from requests a second, against rcgen, openssl and the raw cryptography
    Issue,
}

impl Group {
    fn name(self) -> &'static str {
        match self {
            Self::Recipe => "recipe",
            Self::Bundles => "bundles",
            Self::Server => "server",
            Self::Issue => "issue",
        }
    }

    fn measure(self, peers: &Peers, effort: Effort) -> Result<Report> {
        match self {
            Self::Recipe => recipe::measure(peers, effort),
            Self::Bundles => bundles::measure(peers, effort),
            Self::Server => server::measure(peers, effort),
            Self::Issue => issue::measure(peers, effort),
        }
    }
}

impl Bench {
    pub(crate) fn run(self) -> Result<ExitCode> {
        if cfg!(debug_assertions) {
            return again_in_release();
        }
        let groups = if self.groups.is_empty() {
            Group::value_variants()
        } else {
            &self.groups
        };
        let peers = Peers::as_found();
        if groups.contains(&Group::Server)
            && let Err(error) = peers.install()
        {
            eprintln!("warning: {error:#}\nwarning: what is missing is left out");
        }
        let machine = Machine::here()?;
        println!("{machine}");

        let mut reports = Vec::new();
        for group in groups {
            let report = group
                .measure(&peers, Effort::new(self.quick))
                .with_context(|| format!("measuring `{}`", group.name()))?;
            println!("\n{}", report.to_text());
            if !self.quick {
                publish(*group, &report, &machine)?;
            }
            reports.push((group.name(), report.to_json()));
        }
        if let Some(file) = &self.json {
            let reports: serde_json::Map<_, _> = reports
                .into_iter()
                .map(|(name, report)| (name.to_owned(), report))
                .collect();
            let all =
                json!({ "quick": self.quick, "machine": machine.to_json(), "benches": reports });
            fs::write(file, serde_json::to_string_pretty(&all)? + "\n")
                .with_context(|| format!("writing {}", file.display()))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The tables and charts of one bench, in docs/.
fn publish(group: Group, report: &Report, machine: &Machine) -> Result<()> {
    let docs = peers::workspace().join("docs");
    let chart = format!("images/bench-{}.svg", group.name());
    let image = docs.join(&chart);
    fs::create_dir_all(docs.join("images"))?;
    fs::write(&image, chart::svg(&report.comparisons)?)
        .with_context(|| format!("writing {}", image.display()))?;
    let text = format!(
        "`cargo xtask bench {}`, {machine}.\n\n{}\n![The same as bars]({chart})\n",
        group.name(),
        report.to_markdown(),
    );
    markdown::replace_section(&docs.join("benchmarks.md"), group.name(), &text)
}

/// Debug code is some ten times slower, and the alias of cargo builds it.
fn again_in_release() -> Result<ExitCode> {
    let status = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--release", "--package", "xtask", "--"])
        .args(env::args_os().skip(1))
        .status()
        .context("starting cargo")?;
    Ok(match status.code() {
        Some(0) => ExitCode::SUCCESS,
        code => code
            .and_then(|code| u8::try_from(code).ok())
            .map_or(ExitCode::FAILURE, ExitCode::from),
    })
}
