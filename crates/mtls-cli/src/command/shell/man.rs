//! `mtls man`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;

use crate::files::make_directory;
use crate::output::{Outcome, Output};

/// Print the manual page, or write the pages of all commands
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  mtls man | man -l -\n  mtls man --out ~/.local/share/man/man1"
)]
pub(crate) struct Man {
    /// Write mtls.1 and a page for each command into this directory
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Man {
    pub(crate) fn run(self, mut command: clap::Command, out: &mut Output) -> Result<Outcome> {
        command.build();
        match &self.out {
            None => out.bytes(&page(&command)?)?,
            Some(directory) => {
                make_directory(directory)?;
                clap_mangen::generate_to(command, directory)
                    .with_context(|| format!("cannot write into {}", directory.display()))?;
                out.line(format!(
                    "wrote mtls.1 and the pages of its commands to {}",
                    directory.display()
                ))?;
            }
        }
        Ok(Outcome::Done)
    }
}

fn page(command: &clap::Command) -> Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone())
        .render(&mut page)
        .context("the manual page cannot be written")?;
    Ok(page)
}
