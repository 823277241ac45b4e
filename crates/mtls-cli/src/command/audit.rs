//! `mtls audit`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::global::Global;
use crate::home::OpenCa;
use crate::output::{Outcome, Output};

/// Verify or export the log of every decision
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  mtls audit verify\n  mtls audit export > audit.jsonl")]
pub(crate) struct Audit {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Check that no row was changed, taken out or put in
    ///
    /// Exit code 1 where the chain is broken. With a checkpoint, a log that was cut short or written anew is found, too.
    #[command(
        after_help = "Example:\n  mtls audit verify --checkpoint /mnt/elsewhere/checkpoint.json"
    )]
    Verify {
        /// A checkpoint that was kept elsewhere
        #[arg(long, value_name = "FILE")]
        checkpoint: Vec<PathBuf>,
    },
    /// Print all rows as JSON lines
    #[command(after_help = "Example:\n  mtls audit export > audit.jsonl")]
    Export,
}
