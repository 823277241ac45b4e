//! `mtls store`: the database of a CA.

mod copy;
mod migrate;
mod url;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::global::Global;
use crate::output::{Outcome, Output};

/// Copy the database of a CA to another one, or bring it up to date
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls store copy --to 'postgres://ca@db1,db2,db3/ca?sslmode=verify-full&sslrootcert=db.crt'\n  \
                  mtls store migrate"
)]
pub(crate) struct StoreCommand {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    Copy(copy::Copy),
    Migrate(migrate::Migrate),
}

impl StoreCommand {
    pub(crate) async fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        match self.task {
            Task::Copy(copy) => copy.run(global, out).await,
            Task::Migrate(migrate) => migrate.run(global, out).await,
        }
    }
}
