//! `cargo xtask store`: the store on a PostgreSQL of its own, shared by processes that are killed.
//!
//! The cluster is Debian's PostgreSQL 15, made in a temporary directory and gone afterwards. Workers are this program
//! again, each a process with a store of its own.

mod acme;
mod attestations;
mod authority;
mod kill;
mod limits;
mod losses;
mod pages;
mod points;
mod releases;
mod standby;
mod tls;
mod tokens;
mod victim;
mod worker;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use suite::postgres::Cluster;
use suite::{Peers, Tally};

use self::victim::Victim;
use self::worker::Worker;

fn main() -> ExitCode {
    match Command::parse() {
        Command {
            process: Some(process),
            ..
        } => suite::finish(process.run().map(|()| ExitCode::SUCCESS)),
        Command { certificates, .. } => suite::close(run(certificates)),
    }
}

/// The store on PostgreSQL: processes that share it, and are killed
#[derive(Parser)]
#[command(
    bin_name = "cargo xtask store",
    after_help = "Example: cargo xtask store --certificates 1000"
)]
struct Command {
    /// How many certificates the processes issue together
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(30..))]
    certificates: u32,

    #[command(subcommand)]
    process: Option<Process>,
}

/// What this program does in processes of their own.
#[derive(Subcommand)]
enum Process {
    #[command(hide = true)]
    Victim(Victim),
    #[command(hide = true)]
    Worker(Worker),
}

impl Process {
    fn run(&self) -> Result<()> {
        let runtime = tokio::runtime::Runtime::new()?;
        match self {
            Self::Victim(victim) => runtime.block_on(victim.run()),
            Self::Worker(worker) => runtime.block_on(worker.run()),
        }
    }
}

/// Prints a line for each point, and says how many held and how many did not.
fn run(certificates: u32) -> Result<Tally> {
    let _ = Peers::installed();
    let cluster = Cluster::start()?;
    let runtime = tokio::runtime::Runtime::new()?;
    Ok(suite::report(
        runtime.block_on(points::all(&cluster, certificates)),
    ))
}
