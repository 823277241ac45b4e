//! What every command understands.

use std::path::PathBuf;

use clap::Args;

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

    /// The file whose first line is the PIN of the token, for keys in one; the URI may name it, too (pin-source)
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "MTLS_PIN_FILE",
        hide_env_values = true
    )]
    pub(crate) pin_file: Option<PathBuf>,

    /// Print JSON for programs
    #[arg(long, global = true)]
    pub(crate) json: bool,
}
