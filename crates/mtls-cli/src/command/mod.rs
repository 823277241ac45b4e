//! One file for each command.

pub(crate) mod completions;
pub(crate) mod inspect;
pub(crate) mod lint;
pub(crate) mod man;
pub(crate) mod p12;
pub(crate) mod verify;

use anyhow::Result;

use crate::args::{Cli, Command};
use crate::output::{Outcome, Output};

/// Runs the command that was asked for.
pub(crate) fn run(cli: Cli) -> Result<Outcome> {
    let mut out = Output::new(cli.global.json);
    match cli.command {
        Command::Inspect(inspect) => inspect.run(&mut out),
        Command::Verify(verify) => verify.run(&mut out),
        Command::Lint(lint) => lint.run(&mut out),
        Command::P12(p12) => p12.run(&mut out),
        Command::Completions(completions) => completions.run(&mut out),
        Command::Man(man) => man.run(&mut out),
    }
}
