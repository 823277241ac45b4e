//! `cargo xtask test`: everything that has to hold before a change is in, one step after the other.

use std::process::Command;

use crate::interop::Interop;
use crate::peers::{self, Peers};
use crate::soak::Soak;

/// A command that passes or fails.
struct Step {
    name: &'static str,
    /// Arguments of cargo.
    arguments: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
}

/// Runs every step, the failing ones too, and says how many passed and failed: commands, points of
/// a brief soak, and rows of `interop`.
pub(crate) fn run() -> (usize, usize) {
    let (mut passed, mut failed) = (0, 0);
    // First, as it may end with a line to run as root, which is better known before the rest is built.
    let peers = Peers::as_found();
    if let Err(error) = peers.install() {
        eprintln!("error: {error:#}");
        return (passed, 1);
    }
    for step in STEPS {
        if run_step(step, &peers) {
            passed += 1;
        } else {
            failed += 1;
            eprintln!("FAILED  {}", step.name);
        }
    }
    println!("\n== soak");
    match Soak::brief().run() {
        Ok((points_held, points_failed)) => {
            passed += points_held;
            failed += points_failed;
        }
        Err(error) => {
            failed += 1;
            eprintln!("FAILED  soak: {error:#}");
        }
    }
    println!("\n== interop");
    match Interop::everything().run(&peers) {
        Ok((rows_passed, rows_failed)) => {
            passed += rows_passed;
            failed += rows_failed;
        }
        Err(error) => {
            failed += 1;
            eprintln!("FAILED  interop: {error:#}");
        }
    }
    (passed, failed)
}

fn run_step(step: &Step, peers: &Peers) -> bool {
    println!("\n== {}", step.name);
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(step.arguments)
        .envs(step.environment.iter().copied())
        .current_dir(peers::workspace());
    if let Some(path) = peers.search_path() {
        cargo.env("PATH", path); // `cargo deny` is a program `cargo-deny` that may be of `target/peers`
    }
    cargo.status().is_ok_and(|status| status.success())
}

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
        arguments: &["test", "--workspace"],
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
