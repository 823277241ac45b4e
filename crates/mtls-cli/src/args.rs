//! The command line.

use anyhow::Result;
use clap::{CommandFactory as _, Parser, Subcommand};

use crate::command::{completions, inspect, lint, man, p12, verify};
use crate::global::Global;
use crate::output::{Outcome, Output};

/// A private CA for mutual TLS: issue certificates, revoke them, and see what others present.
#[derive(Debug, Parser)]
#[command(
    name = "mtls",
    version,
    disable_help_subcommand = true,
    after_help = "Examples:\n  mtls inspect client.crt\n  mtls verify https://api.example.org --roots ca.crt\n\n\
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
    Inspect(inspect::Inspect),
    Verify(verify::Verify),
    Lint(lint::Lint),
    P12(p12::P12),
    Completions(completions::Completions),
    Man(man::Man),
}

impl Cli {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<Outcome> {
        let out = &mut Output::new(self.global.json);
        match self.command {
            Command::Inspect(inspect) => inspect.run(out),
            Command::Verify(verify) => verify.run(out),
            Command::Lint(lint) => lint.run(out),
            Command::P12(p12) => p12.run(out),
            Command::Completions(completions) => completions.run(Self::command(), out),
            Command::Man(man) => man.run(Self::command(), out),
        }
    }
}
