//! `cargo xtask ha`: CA processes on a PostgreSQL with failover, whose parts are killed and cut off.
//!
//! Three PostgreSQL under Patroni and etcd run in network namespaces, and three CA processes, which are this program again,
//! share them. Clients issue and revoke meanwhile, and know what was acknowledged. It takes root, for the namespaces.

mod ca;
mod clock;
mod cluster;
mod command;
mod faults;
mod http;
mod limits;
mod load;
mod reader;
mod verify;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use suite::{Peers, Tally};

use self::ca::Ca;

fn main() -> ExitCode {
    match Command::parse() {
        Command {
            process: Some(Process::Ca(ca)),
            ..
        } => suite::finish(ca.run().map(|()| ExitCode::SUCCESS)),
        command => suite::close(run(&command)),
    }
}

/// CA processes on a PostgreSQL with failover, whose parts are killed and cut off
#[derive(Parser)]
#[command(
    bin_name = "cargo xtask ha",
    after_help = "Examples:\n  cargo xtask ha\n  cargo xtask ha --quick"
)]
struct Command {
    /// A tenth of everything
    #[arg(long)]
    quick: bool,

    #[command(subcommand)]
    process: Option<Process>,
}

/// What this program does in processes of their own.
#[derive(Subcommand)]
enum Process {
    #[command(hide = true)]
    Ca(Ca),
}

/// Prints a line for each point, and says how many held and how many did not.
fn run(command: &Command) -> Result<Tally> {
    Peers::as_found().install_failover()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let certificates = if command.quick { 1_000 } else { 10_000 };
    let points = runtime.block_on(faults::all(certificates))?;
    Ok(suite::report(points))
}
