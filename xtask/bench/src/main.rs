//! `cargo xtask bench`: how fast, against the programs that people have, all in one run.

mod attest;
mod bundles;
mod ca;
mod enroll;
mod hostile;
mod issue;
mod issue_cost;
mod load;
mod measuring;
mod recipe;
mod report;
mod server;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, Parser, Subcommand};
use serde_json::json;
use suite::{Peers, replace_section, workspace};

use self::ca::CaServer;
use self::ca::scale::ScalePart;
use self::enroll::EnrollServer;
use self::issue::IssueTimes;
use self::measuring::clock::Effort;
use self::measuring::machine::Machine;
use self::recipe::set::RecipeSet;
use self::report::{Report, chart};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.part {
        Some(Part::CaScale(part)) => part.run(),
        Some(Part::CaServer(server)) => server.run(),
        Some(Part::EnrollServer(server)) => server.run(),
        Some(Part::IssueTimes(times)) => times.run(),
        Some(Part::RecipeSet(set)) => set.run(),
        None => arguments.bench.run(),
    };
    suite::finish(outcome.map(|()| ExitCode::SUCCESS))
}

#[derive(Parser)]
#[command(
    bin_name = "cargo xtask bench",
    after_help = "Example: cargo xtask bench --quick recipe p12",
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    bench: Bench,
}

/// What this program does in a process of its own, while it measures.
#[derive(Subcommand)]
enum Part {
    #[command(name = "ca-scale-part", hide = true)]
    CaScale(ScalePart),
    #[command(hide = true)]
    CaServer(CaServer),
    #[command(hide = true)]
    EnrollServer(EnrollServer),
    #[command(hide = true)]
    IssueTimes(IssueTimes),
    #[command(hide = true)]
    RecipeSet(RecipeSet),
}

/// Measure speed against named peers, in one run.
///
/// A whole run writes docs/benchmarks.md and its charts; --quick only shows whether the bench works.
#[derive(Args)]
struct Bench {
    /// What to measure; everything if left out
    #[arg(value_name = "NAME", value_parser = names())]
    names: Vec<String>,

    /// Some hundred milliseconds for each row, and nothing written into docs/
    #[arg(long)]
    quick: bool,

    /// Write every sample into this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What is measured together, and has a section of docs/benchmarks.md.
struct Section {
    /// As its chart and its part of the JSON are called, too.
    name: &'static str,
    about: &'static str,
    measure: fn(&Peers, Effort) -> Result<Report>,
}

impl Section {
    const ALL: &[Self] = &[
        Self {
            name: "recipe",
            about: "The recipe's set as whole processes, against the shell recipe",
            measure: recipe::measure,
        },
        Self {
            name: "p12",
            about: "PKCS#12 bundles a second, written and read, against p12-keystore, openssl and the key derivation alone",
            measure: bundles::measure,
        },
        Self {
            name: "server-full",
            about: "Full handshakes, and requests over HTTP/1.1",
            measure: server::full::measure,
        },
        Self {
            name: "server-resumed",
            about: "Resumed handshakes",
            measure: server::resumed::measure,
        },
        Self {
            name: "server-http2",
            about: "Requests over HTTP/2",
            measure: server::http2::measure,
        },
        Self {
            name: "server-workers",
            about: "Full handshakes with one worker and with two",
            measure: server::workers::measure,
        },
        Self {
            name: "server-memory",
            about: "Memory of idle connections",
            measure: server::memory::measure,
        },
        Self {
            name: "server-cost",
            about: "Instructions and system calls of handshakes and requests",
            measure: server::cost::measure,
        },
        Self {
            name: "server-crl",
            about: "What a revocation list of a million entries costs",
            measure: server::crl::measure,
        },
        Self {
            name: "issue",
            about: "Certificates from requests a second, against rcgen, openssl and the raw cryptography",
            measure: issue::measure,
        },
        Self {
            name: "issue-stored",
            about: "Certificates over HTTP, stored and audited, against OpenBao and cfssl",
            measure: ca::measure,
        },
        Self {
            name: "issue-cost",
            about: "Instructions and system calls of a certificate: in memory, over HTTP and by enrolment",
            measure: issue_cost::measure,
        },
        Self {
            name: "attest",
            about: "Attestation verdicts a second, against the signature checks alone",
            measure: attest::measure,
        },
        Self {
            name: "enroll",
            about: "Enrolments over HTTPS, stored and audited, against OpenBao over TLS",
            measure: enroll::measure,
        },
        Self {
            name: "ca-scale",
            about: "CRLs, lists and revoking with a million certificates, against OpenBao",
            measure: ca::scale::measure,
        },
        Self {
            name: "scale",
            about: "Certificates a second with CA processes side by side and with a standby, against OpenBao",
            measure: ca::processes::measure,
        },
        Self {
            name: "growth",
            about: "What a CA's steps cost as up to ten million certificates are stored",
            measure: ca::growth::measure,
        },
        Self {
            name: "chains",
            about: "One audit chain for all CA processes, beside one for each",
            measure: ca::chains::measure,
        },
    ];

    fn is_called(&self, name: &str) -> bool {
        self.name == name || (name == SERVER && self.is_about_servers())
    }

    fn is_about_servers(&self) -> bool {
        self.name.starts_with(SERVER)
    }
}

/// The name of all sections in which `hello` runs against nginx, HAProxy, Envoy, Go and Node.
const SERVER: &str = "server";

/// What the command line takes as names.
fn names() -> PossibleValuesParser {
    let all = PossibleValue::new(SERVER)
        .help("`hello` against nginx, HAProxy, Envoy, Go and Node: all that begins with `server`");
    let each = Section::ALL
        .iter()
        .map(|section| PossibleValue::new(section.name).help(section.about));
    PossibleValuesParser::new(each.chain([all]).collect::<Vec<_>>())
}

impl Bench {
    fn run(self) -> Result<()> {
        ensure!(
            cfg!(not(debug_assertions)),
            "debug code is some ten times slower: run this by `cargo xtask bench`"
        );
        let sections: Vec<_> = Section::ALL
            .iter()
            .filter(|section| {
                self.names.is_empty() || self.names.iter().any(|name| section.is_called(name))
            })
            .collect();
        let peers = Peers::as_found();
        if sections.iter().any(|section| section.is_about_servers())
            && let Err(error) = peers.install()
        {
            eprintln!("warning: {error:#}\nwarning: what is missing is left out");
        }
        let machine = Machine::here()?;
        println!("{machine}");

        let mut reports = serde_json::Map::new();
        for section in sections {
            let report = (section.measure)(&peers, Effort::new(self.quick))
                .with_context(|| format!("measuring `{}`", section.name))?;
            println!("\n{}", report.to_text());
            if !self.quick {
                publish(section.name, &report, &machine)?;
            }
            reports.insert(section.name.to_owned(), report.to_json());
        }
        if let Some(file) = &self.json {
            let all =
                json!({ "quick": self.quick, "machine": machine.to_json(), "benches": reports });
            fs::write(file, serde_json::to_string_pretty(&all)? + "\n")
                .with_context(|| format!("writing {}", file.display()))?;
        }
        Ok(())
    }
}

/// The tables and charts of one section, in docs/.
fn publish(name: &str, report: &Report, machine: &Machine) -> Result<()> {
    let docs = workspace().join("docs");
    let chart = format!("images/bench-{name}.svg");
    let image = docs.join(&chart);
    fs::create_dir_all(docs.join("images"))?;
    fs::write(&image, chart::svg(&report.comparisons)?)
        .with_context(|| format!("writing {}", image.display()))?;
    let text = format!(
        "`cargo xtask bench {name}`, {machine}.\n\n{}\n![The same as bars]({chart})\n",
        report.to_markdown(),
    );
    replace_section(&docs.join("benchmarks.md"), name, &text)
}

#[cfg(test)]
mod tests {
    use super::Section;
    use suite::workspace;

    #[test]
    fn every_section_has_its_place_in_the_page() {
        let page =
            std::fs::read_to_string(workspace().join("docs/benchmarks.md")).expect("the page");
        for Section { name, .. } in Section::ALL {
            for mark in [
                format!("<!-- measured: {name} -->"),
                format!("<!-- /measured: {name} -->"),
            ] {
                assert_eq!(page.matches(&mark).count(), 1, "{mark}");
            }
        }
    }

    #[test]
    fn a_name_stands_for_its_section_and_server_for_all_of_them() {
        let called = |name| {
            Section::ALL
                .iter()
                .filter(|section| section.is_called(name))
                .count()
        };
        assert_eq!(called("issue"), 1);
        assert_eq!(called("server-crl"), 1);
        assert_eq!(called("server"), 7);
        assert_eq!(called("other"), 0);
    }
}
