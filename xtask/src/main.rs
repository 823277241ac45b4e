//! The chores of this repository: `cargo xtask help` lists them.

mod bench;
mod built;
mod fuzz;
mod gen_certs;
mod interop;
mod limbo;
mod peers;
mod process;
mod soak;
mod test;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::bench::{Bench, RecipeSet};
use crate::fuzz::Fuzz;
use crate::gen_certs::GenCerts;
use crate::interop::Interop;
use crate::limbo::Limbo;
use crate::peers::Peers;
use crate::soak::Soak;

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
    #[command(after_help = "Example: cargo xtask bench --quick recipe bundles")]
    Bench(Bench),

    #[command(after_help = "Example: cargo xtask fuzz p12 --seconds 600")]
    Fuzz(Fuzz),

    #[command(
        after_help = "Example: cargo xtask gen-certs --out lab --key-type rsa --san dev.example.org"
    )]
    GenCerts(GenCerts),

    /// Run everything: format, lints, tests, documentation, dependencies, fuzz targets, a brief soak, interop.
    ///
    /// As root on Debian it installs the programs it needs; else it says what to install.
    #[command(after_help = "Example: cargo xtask test")]
    Test,

    #[command(after_help = "Example: cargo xtask interop servers clients")]
    Interop(Interop),

    #[command(after_help = "Example: cargo xtask limbo nginx envoy")]
    Limbo(Limbo),

    #[command(after_help = "Example: cargo xtask soak --seconds 60")]
    Soak(Soak),

    #[command(hide = true)]
    RecipeSet(RecipeSet),
}

fn main() -> ExitCode {
    match run(Cli::parse().task) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<ExitCode> {
    Ok(match task {
        Task::Bench(bench) => bench.run()?,
        Task::Fuzz(fuzz) => tally(fuzz.run()?),
        Task::GenCerts(gen_certs) => gen_certs.run().map(|()| ExitCode::SUCCESS)?,
        Task::Test => tally(test::run()),
        Task::Interop(interop) => tally(interop.run(&installed())?),
        Task::Limbo(limbo) => tally(limbo.run(&installed())?),
        Task::Soak(soak) => tally(soak.run()?),
        Task::RecipeSet(set) => set.run().map(|()| ExitCode::SUCCESS)?,
    })
}

/// The programs of others, as far as they can be had.
fn installed() -> Peers {
    let peers = Peers::as_found();
    if let Err(error) = peers.install() {
        eprintln!("warning: {error:#}\nwarning: the rows of what is missing will fail");
    }
    peers
}

/// The closing line of a task that counts.
fn tally((passed, failed): (usize, usize)) -> ExitCode {
    println!("\n{passed} passed, {failed} failed");
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
