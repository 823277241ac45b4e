//! `mtls acme`.

mod account;
mod eab;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::global::Global;
use crate::home::OpenCa;
use crate::output::{Outcome, Output};

/// Who may get certificates by ACME: keys for accounts, and the accounts themselves
///
/// `mtls serve --enroll ADDR` serves ACME (RFC 8555) at `https://ADDR/acme/directory`. The table `[acme]` of ca.toml says in
/// which networks challenges are tried, and whether accounts need a key.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls acme eab create --name '*.example.org'\n  mtls acme eab list\n  mtls acme account list\n  \
                  mtls acme account deactivate 3"
)]
pub(crate) struct Acme {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Account(account::Account),
    Eab(eab::Eab),
}

impl Acme {
    pub(crate) async fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        let ca = OpenCa::open(global).await?;
        match self.action {
            Action::Account(account) => account.run(&ca, out).await,
            Action::Eab(eab) => eab.run(&ca, out).await,
        }
    }
}
