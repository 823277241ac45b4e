//! `mtls completions`.

use anyhow::Result;
use clap::Args;
use clap_complete::Shell;

use crate::output::{Outcome, Output};

/// Print a shell's completions
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  mtls completions bash > ~/.local/share/bash-completion/completions/mtls"
)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self, mut command: clap::Command, out: &mut Output) -> Result<Outcome> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "mtls", &mut script);
        out.bytes(&script)?;
        Ok(Outcome::Done)
    }
}
