//! `mtls migrate`: away from a public CA.

mod row;
mod scan;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::output::{Outcome, Output};

/// Move client certificates away from a public CA
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  mtls migrate scan /etc/pki https://api.example.org")]
pub(crate) struct Migrate {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    Scan(scan::Scan),
}

impl Migrate {
    pub(crate) fn run(self, out: &mut Output) -> Result<Outcome> {
        match self.task {
            Task::Scan(scan) => scan.run(out),
        }
    }
}
