//! `mtls ca`: the CA itself.

mod export;
mod init;
mod init_upstream;
mod rotate;
mod show;
mod subject;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::global::Global;
use crate::output::{Outcome, Output};

/// Make a CA, show it, export its roots, replace its keys
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls ca init\n  mtls ca show\n  mtls ca export --out ca.crt\n  mtls ca rotate --status"
)]
pub(crate) struct Ca {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    Init(init::Init),
    Show(show::Show),
    Export(export::Export),
    Rotate(rotate::Rotate),
}

impl Ca {
    pub(crate) async fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        match self.task {
            Task::Init(init) => init.run(global, out).await,
            Task::Show(show) => show.run(global, out).await,
            Task::Export(export) => export.run(global, out),
            Task::Rotate(rotate) => rotate.run(global, out).await,
        }
    }
}
