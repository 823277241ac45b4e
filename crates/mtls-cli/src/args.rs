//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::command::{completions, inspect, lint, man, p12, verify};

/// A private CA for mutual TLS: issue certificates, revoke them, and see what others present.
#[derive(Debug, Parser)]
#[command(
    name = "mtls",
    version,
    propagate_version = true,
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

/// What every command understands.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Global {
    /// The directory with the CAs [default: mtls in the XDG data directory, ~/.local/share]
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "MTLS_HOME",
        hide_env_values = true
    )]
    pub(crate) home: Option<PathBuf>,

    /// Which CA, where the home has several
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) ca: Option<String>,

    /// The file whose first line is the passphrase of the CA's keys; asked for on the terminal without it
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "MTLS_PASSPHRASE_FILE",
        hide_env_values = true
    )]
    pub(crate) passphrase_file: Option<PathBuf>,

    /// Print JSON for programs
    #[arg(long, global = true)]
    pub(crate) json: bool,
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
