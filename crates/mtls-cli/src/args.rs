//! The command line.

use anyhow::Result;
use clap::{CommandFactory as _, Parser, Subcommand};

use crate::command::checks::{inspect, lint, migrate, verify};
use crate::command::enrollment::{acme, agent, requests, token};
use crate::command::issuing::{issue, renew, sign};
use crate::command::phones::{onboard, profile};
use crate::command::records::{audit, crl, expiring, list, revoke};
use crate::command::shell::{completions, man};
use crate::command::{attest, ca, doctor, import, p12, serve, store};
use crate::global::Global;
use crate::interrupt;
use crate::output::{Outcome, Output};

/// A private CA for mutual TLS: issue certificates, revoke them, and see what others present.
#[derive(Debug, Parser)]
#[command(
    name = "mtls",
    version,
    disable_help_subcommand = true,
    after_help = "Examples:\n  mtls ca init\n  mtls issue server localhost\n  mtls issue client alice\n  mtls inspect client.crt\n  mtls verify https://api.example.org --roots ca.crt\n\n\
                  Exit code: 0 done, 1 refused or found something, 2 wrong usage.",
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Ca(ca::Ca),
    Issue(issue::Issue),
    Onboard(onboard::Onboard),
    Sign(sign::Sign),
    Renew(renew::Renew),
    Revoke(revoke::Revoke),
    List(list::List),
    Expiring(expiring::Expiring),
    Crl(crl::Crl),
    Serve(serve::Serve),
    Token(token::Token),
    Acme(acme::Acme),
    Requests(requests::Requests),
    Agent(agent::Agent),
    Audit(audit::Audit),
    Import(import::Import),
    Inspect(inspect::Inspect),
    Verify(verify::Verify),
    Lint(lint::Lint),
    P12(p12::P12),
    Profile(profile::ProfileCommand),
    Migrate(migrate::Migrate),
    Store(store::StoreCommand),
    Doctor(doctor::Doctor),
    Attest(attest::Attest),
    Completions(completions::Completions),
    Man(man::Man),
}

impl Cli {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<Outcome> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        runtime.block_on(self.run_async())
    }

    async fn run_async(self) -> Result<Outcome> {
        interrupt::watch()?;
        let global = &self.global;
        let out = &mut Output::new(global.json);
        match self.command {
            Command::Ca(ca) => ca.run(global, out).await,
            Command::Issue(issue) => issue.run(global, out).await,
            Command::Onboard(onboard) => onboard.run(global, out).await,
            Command::Sign(sign) => sign.run(global, out).await,
            Command::Renew(renew) => renew.run(global, out).await,
            Command::Revoke(revoke) => revoke.run(global, out).await,
            Command::List(list) => list.run(global, out).await,
            Command::Expiring(expiring) => expiring.run(global, out).await,
            Command::Crl(crl) => crl.run(global, out).await,
            Command::Serve(serve) => serve.run(global, out).await,
            Command::Token(token) => token.run(global, out).await,
            Command::Acme(acme) => acme.run(global, out).await,
            Command::Agent(agent) => agent.run(global, out).await,
            Command::Requests(requests) => requests.run(global, out).await,
            Command::Audit(audit) => audit.run(global, out).await,
            Command::Import(import) => import.run(global, out).await,
            Command::Inspect(inspect) => inspect.run(out),
            Command::Verify(verify) => verify.run(out),
            Command::Lint(lint) => lint.run(out),
            Command::Attest(attest) => attest.run(global, out).await,
            Command::P12(p12) => p12.run(out),
            Command::Profile(profile) => profile.run(global, out),
            Command::Migrate(migrate) => migrate.run(out),
            Command::Store(store) => store.run(global, out).await,
            Command::Doctor(doctor) => doctor.run(global, out),
            Command::Completions(completions) => completions.run(Self::command(), out),
            Command::Man(man) => man.run(Self::command(), out),
        }
    }
}
