//! `cargo xtask test`: everything that has to hold before a change is in, one step after the other.

use std::env;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use suite::{Peers, Tally, workspace};

use crate::libraries;
use crate::output::{each_line, is_failure};
use crate::suites::{self, Suite};

/// A command that passes or fails.
struct Step {
    name: &'static str,
    /// Arguments of cargo.
    arguments: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
}

/// Runs every step, the failing ones too, and counts commands, points of a brief soak, and rows of `interop`.
///
/// In a process in which cargo keeps nothing for the next build of the same code: that is a third of what it writes, and
/// 7 GB for nothing where all is built once.
pub(crate) fn run() -> Result<ExitCode> {
    if env::var_os(INCREMENTAL).is_some() {
        return Ok(suite::close(Ok(steps())));
    }
    let this = env::current_exe().context("finding this program")?;
    let mut again = Command::new(this);
    let status = again.arg("test").env(INCREMENTAL, "0").status();
    Ok(suites::passed_on(status.context("starting it again")?))
}

const INCREMENTAL: &str = "CARGO_INCREMENTAL";

fn steps() -> Tally {
    let mut tally = Tally::default();
    // First, as it may end with a line to run as root, which is better known before the rest is built.
    let peers = Peers::as_found();
    if let Err(error) = peers.install() {
        eprintln!("error: {error:#}");
        tally.failed += 1;
        return tally;
    }
    let mut summary = Summary::default();
    for step in STEPS {
        tally.add(summary.of(step.name, |line| run_step(step, &peers, line)));
    }
    for (name, check) in CHECKS {
        tally.add(summary.of(name, |_| check().map(|()| HELD)));
    }
    for (name, suite, arguments) in SUITES {
        tally.add(summary.of(name, |line| suite.count(arguments, line)));
    }
    summary.print();
    tally
}

/// What stands at the end, where thousands of lines came before.
#[derive(Default)]
struct Summary {
    /// How long each part took, so that one that grows is noticed.
    times: Vec<(&'static str, Duration)>,
    failures: Vec<String>,
}

impl Summary {
    /// Runs a part, passes on what it prints, and notes what failed.
    fn of(
        &mut self,
        name: &'static str,
        part: impl FnOnce(&mut dyn FnMut(String)) -> Result<Tally>,
    ) -> Tally {
        println!("\n== {name}");
        let start = Instant::now();
        let tally = part(&mut |line| {
            println!("{line}");
            if is_failure(&line) {
                self.failures.push(line);
            }
        });
        let tally = tally.unwrap_or_else(|error| {
            let line = format!("FAILED  {name}: {error:#}");
            eprintln!("{line}");
            self.failures.push(line);
            FAILED
        });
        self.times.push((name, start.elapsed()));
        tally
    }

    fn print(&self) {
        println!();
        for (name, time) in &self.times {
            println!("{:>6} s  {name}", time.as_secs());
        }
        if !self.failures.is_empty() {
            println!("\n{}", self.failures.join("\n"));
        }
    }
}

fn run_step(step: &Step, peers: &Peers, line: &mut dyn FnMut(String)) -> Result<Tally> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(step.arguments)
        .envs(step.environment.iter().copied())
        .current_dir(workspace());
    if let Some(path) = peers.search_path() {
        cargo.env("PATH", path); // `cargo deny` is a program `cargo-deny` that may be of `target/peers`
    }
    let status = each_line(&mut cargo, line).context("running cargo")?;
    ensure!(status.success(), "cargo ended with {status}");
    Ok(HELD)
}

const HELD: Tally = Tally {
    passed: 1,
    failed: 0,
};
const FAILED: Tally = Tally {
    passed: 0,
    failed: 1,
};

/// A check that is not a command of cargo's alone.
type Check = fn() -> Result<()>;

const CHECKS: &[(&str, Check)] = &[
    ("features", libraries::check_features),
    ("oldest compiler", libraries::check_oldest_compiler),
    ("packages", libraries::check_packages),
];

/// Suites that count their own points.
const SUITES: &[(&str, Suite, &[&str])] = &[
    ("fuzz", Suite::Fuzz, &["--seconds", "4"]),
    // A soak that is over soon finds what fails at once, and not what leaks slowly.
    ("soak", Suite::Soak, &["server", "--seconds", "15"]),
    ("renewal", Suite::Soak, &["renewal", "--seconds", "20"]),
    ("store", Suite::Store, &[]),
    (
        "lint agreement",
        Suite::Lint,
        &["--policies", "200", "--each", "1"],
    ),
    ("interop", Suite::Interop, &[]),
];

const STEPS: &[Step] = &[
    Step {
        name: "format",
        arguments: &["fmt", "--all", "--check"],
        environment: &[],
    },
    Step {
        name: "lints",
        arguments: &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ],
        environment: &[],
    },
    Step {
        name: "tests",
        arguments: &["test", "--workspace", "--no-fail-fast"],
        // Most tests wait for servers and for limits of time: with one a core that is what takes the time.
        environment: &[("RUST_TEST_THREADS", "8")],
    },
    Step {
        name: "documentation",
        arguments: &["doc", "--workspace", "--no-deps"],
        environment: &[("RUSTDOCFLAGS", "-D warnings")],
    },
    Step {
        name: "dependencies",
        arguments: &["deny", "check", "bans", "licenses", "sources"],
        environment: &[],
    },
];
