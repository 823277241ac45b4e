//! `cargo xtask test`: everything that has to hold before a change is in, one step after the other.

use std::process::Command;

use anyhow::Result;
use suite::{Peers, Tally, workspace};

use crate::libraries;
use crate::suites::Suite;

/// A command that passes or fails.
struct Step {
    name: &'static str,
    /// Arguments of cargo.
    arguments: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
}

/// Runs every step, the failing ones too, and counts commands, points of a brief soak, and rows of `interop`.
pub(crate) fn run() -> Tally {
    let mut tally = Tally::default();
    // First, as it may end with a line to run as root, which is better known before the rest is built.
    let peers = Peers::as_found();
    if let Err(error) = peers.install() {
        eprintln!("error: {error:#}");
        tally.failed += 1;
        return tally;
    }
    for step in STEPS {
        if run_step(step, &peers) {
            tally.passed += 1;
        } else {
            tally.failed += 1;
            eprintln!("FAILED  {}", step.name);
        }
    }
    for (name, check) in CHECKS {
        println!("\n== {name}");
        match check() {
            Ok(()) => tally.passed += 1,
            Err(error) => {
                tally.failed += 1;
                eprintln!("FAILED  {name}: {error:#}");
            }
        }
    }
    // A soak that is over soon finds what fails at once, and not what leaks slowly.
    for (name, suite, arguments) in [
        ("soak", Suite::Soak, ["--seconds", "15"].as_slice()),
        ("store", Suite::Store, &[]),
        (
            "lint agreement",
            Suite::Lint,
            &["--policies", "200", "--each", "1"],
        ),
        ("interop", Suite::Interop, &[]),
    ] {
        println!("\n== {name}");
        match suite.count(arguments) {
            Ok(counted) => {
                tally.passed += counted.passed;
                tally.failed += counted.failed;
            }
            Err(error) => {
                tally.failed += 1;
                eprintln!("FAILED  {name}: {error:#}");
            }
        }
    }
    tally
}

fn run_step(step: &Step, peers: &Peers) -> bool {
    println!("\n== {}", step.name);
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(step.arguments)
        .envs(step.environment.iter().copied())
        .current_dir(workspace());
    if let Some(path) = peers.search_path() {
        cargo.env("PATH", path); // `cargo deny` is a program `cargo-deny` that may be of `target/peers`
    }
    cargo.status().is_ok_and(|status| status.success())
}

/// A check that is not a command of cargo's alone.
type Check = fn() -> Result<()>;

const CHECKS: &[(&str, Check)] = &[
    ("features", libraries::check_features),
    ("oldest compiler", libraries::check_oldest_compiler),
    ("packages", libraries::check_packages),
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
        environment: &[],
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
    Step {
        name: "fuzz",
        arguments: &["xtask", "fuzz"],
        environment: &[],
    },
];
