//! `cargo xtask interop`: what we make against the programs that will read it, and the other way round.

mod browser;
mod bundles;
mod certificates;
mod clients;
mod curl;
mod headers;
mod lab;
mod names;
mod own;
mod recipe;
mod report;
mod servers;

use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use mtls_lab::KeyType;

use self::lab::Lab;
use self::own::Own;
use self::report::Report;
use crate::peers::{self, Peers};

/// Check the lab against real servers, clients and readers, both ways.
#[derive(Args)]
pub(crate) struct Interop {
    /// What to check; everything if left out.
    #[arg(value_name = "NAME")]
    groups: Vec<Group>,

    /// Check the lab in this directory, and not new ones.
    #[arg(long, value_name = "DIR")]
    lab: Option<PathBuf>,

    /// Write the tables into docs/interop.md.
    #[arg(long)]
    write: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Group {
    /// Every certificate of the lab, by openssl, certtool and pkilint.
    Certificates,
    /// Every .p12 of the lab, by all its readers.
    Bundles,
    /// The emitted server files, asked by curl and by our client.
    Servers,
    /// The emitted client files and other clients, asking our server.
    Clients,
    /// Clients with awkward names, asking our server.
    Names,
    /// The files that the OpenSSL recipe makes, with our server and client.
    Recipe,
}

/// What every check needs.
struct Bench<'a> {
    peers: &'a Peers,
    /// For Java classes, keys, passwords: things that are not of the lab.
    scratch: tempfile::TempDir,
    own: OnceCell<Result<Own, String>>,
}

impl Bench<'_> {
    /// Our server and client, built when first asked for.
    fn own(&self) -> Result<&Own> {
        let own = self
            .own
            .get_or_init(|| Own::build().map_err(|error| format!("{error:#}")));
        own.as_ref().map_err(|why| anyhow::anyhow!("{why}"))
    }

    fn scratch(&self, file: &str) -> PathBuf {
        self.scratch.path().join(file)
    }
}

impl Interop {
    /// All groups, on new labs.
    pub(crate) fn everything() -> Self {
        Self {
            groups: Vec::new(),
            lab: None,
            write: false,
        }
    }

    /// Runs the checks, and says how many passed and failed.
    pub(crate) fn run(&self, peers: &Peers) -> Result<(usize, usize)> {
        let bench = Bench {
            peers,
            scratch: tempfile::tempdir()?,
            own: OnceCell::new(),
        };
        let labs = match &self.lab {
            Some(directory) => vec![Lab::copy_of(directory)?],
            None => vec![Lab::make(KeyType::Ec)?, Lab::make(KeyType::Rsa)?],
        };
        let wants = |group| self.groups.is_empty() || self.groups.contains(&group);

        let mut report = Report::default();
        for lab in &labs {
            if wants(Group::Certificates) {
                certificates::check(&bench, lab, &mut report);
            }
            if wants(Group::Bundles) {
                bundles::check(&bench, lab, &mut report);
            }
        }
        if wants(Group::Servers) {
            servers::check(&bench, &labs[0], &mut report);
        }
        if wants(Group::Clients) {
            clients::check(&bench, &labs[0], &mut report);
        }
        if wants(Group::Names) {
            names::check(&bench, &labs[0], &mut report);
        }
        if wants(Group::Recipe) {
            recipe::check(&bench, &mut report);
        }

        if self.write {
            write_page(&peers::workspace().join("docs/interop.md"), peers, &report)?;
        }
        Ok((report.passed(), report.failed()))
    }
}

/// Puts the tables between the two marks of `page`, and leaves the prose around them.
fn write_page(page: &Path, peers: &Peers, report: &Report) -> Result<()> {
    let old = fs::read_to_string(page).with_context(|| format!("reading {}", page.display()))?;
    let marks = old
        .split_once(BEGIN)
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    ensure!(
        marks.is_some(),
        "{} has no {BEGIN} and {END} to write between",
        page.display()
    );
    let (before, after) = marks.unwrap_or_default();

    let versions: Vec<_> = peers
        .versions()
        .into_iter()
        .map(|(peer, version)| format!("{peer} {version}"))
        .collect();
    let tables = report.to_markdown();
    let new = format!(
        "{before}{BEGIN}\n\nWith {}.\n\n{tables}{END}{after}",
        versions.join(", ")
    );
    fs::write(page, new).with_context(|| format!("writing {}", page.display()))
}

const BEGIN: &str = "<!-- measured -->";
const END: &str = "<!-- /measured -->";
