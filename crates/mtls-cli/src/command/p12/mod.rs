//! `mtls p12`: bundles.

mod check;
mod convert;
mod inspect;
mod view;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::output::{Outcome, Output};

/// Look into PKCS#12 bundles, and write them anew
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls p12 inspect client.p12 --password-file password.txt\n  \
                  mtls p12 check client.p12 --target ios17\n  \
                  mtls p12 convert client.p12 --password-file password.txt --target ios17 --out client_ios.p12"
)]
pub(crate) struct P12 {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    Inspect(inspect::Inspect),
    Check(check::Check),
    Convert(convert::Convert),
}

impl P12 {
    pub(crate) fn run(self, out: &mut Output) -> Result<Outcome> {
        match self.task {
            Task::Inspect(inspect) => inspect.run(out),
            Task::Check(check) => check.run(out),
            Task::Convert(convert) => convert.run(out),
        }
    }
}
