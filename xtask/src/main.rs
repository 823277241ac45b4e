//! The chores of this repository: `cargo xtask help` lists them.
//!
//! What takes more than this repository's own crates to build is a [`Suite`], a package of its own.

mod gen_certs;
mod libraries;
mod metadata;
mod output;
mod semver;
mod suites;
mod test;
mod waiting;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::gen_certs::GenCerts;
use crate::semver::Semver;
use crate::suites::Suite;

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "The chores of this repository"
)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Measure speed against named peers, in one run.
    #[command(disable_help_flag = true)]
    Bench(Passed),

    /// Present good and bad client certificates to real servers, and count which are accepted.
    #[command(disable_help_flag = true, alias = "limbo")]
    Conformance(Passed),

    /// Feed the parsers of outside bytes with inputs that nobody thought of.
    #[command(disable_help_flag = true)]
    Fuzz(Passed),

    #[command(
        after_help = "Example: cargo xtask gen-certs --out lab --key-type rsa --san dev.example.org"
    )]
    GenCerts(GenCerts),

    /// Kill and cut off parts of a PostgreSQL with failover under CA processes, and see whether anything is lost.
    #[command(disable_help_flag = true)]
    Ha(Passed),

    /// Run everything: format, lints, tests, documentation, dependencies, fuzz targets, a brief soak, interop.
    ///
    /// As root on Debian it installs the programs it needs; else it says what to install.
    #[command(after_help = "Example: cargo xtask test")]
    Test,

    /// Check the lab against real servers, clients and readers, both ways.
    #[command(disable_help_flag = true)]
    Interop(Passed),

    /// Lint thousands of certificates, good and changed, with pkilint and OpenSSL, and say where we differ.
    #[command(disable_help_flag = true)]
    LintAgreement(Passed),

    /// Change the code that decides who is accepted, and see which changes no test notices.
    #[command(disable_help_flag = true)]
    Mutants(Passed),

    #[command(after_help = "Example: cargo xtask semver HEAD~20 --package mtls-server")]
    Semver(Semver),

    /// Let the server run under load, reloads, rotations and hostile peers, and look what is left.
    #[command(disable_help_flag = true)]
    Soak(Passed),

    /// Let processes share a store on PostgreSQL, kill one of them, and see whether anything is lost.
    #[command(disable_help_flag = true)]
    Store(Passed),
}

/// What the suite itself understands, `--help` included.
#[derive(Args)]
struct Passed {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    arguments: Vec<OsString>,
}

fn main() -> ExitCode {
    suite::finish(run(Cli::parse().task))
}

fn run(task: Task) -> Result<ExitCode> {
    match task {
        Task::Bench(passed) => Suite::Bench.run(&passed.arguments),
        Task::Conformance(passed) => Suite::Conformance.run(&passed.arguments),
        Task::Fuzz(passed) => Suite::Fuzz.run(&passed.arguments),
        Task::Ha(passed) => Suite::Ha.run(&passed.arguments),
        Task::GenCerts(gen_certs) => gen_certs.run().map(|()| ExitCode::SUCCESS),
        Task::Test => test::run(),
        Task::Interop(passed) => Suite::Interop.run(&passed.arguments),
        Task::LintAgreement(passed) => Suite::Lint.run(&passed.arguments),
        Task::Mutants(passed) => Suite::Mutants.run(&passed.arguments),
        Task::Semver(semver) => semver.run(),
        Task::Soak(passed) => Suite::Soak.run(&passed.arguments),
        Task::Store(passed) => Suite::Store.run(&passed.arguments),
    }
}
