//! `cargo xtask semver REV`: does the libraries' public interface still offer what it offered at that commit?
//!
//! cargo-semver-checks compares the two. Nothing is published yet, so the commit has to be named.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use clap::Args;
use suite::workspace;

use crate::metadata::Metadata;

/// Compare the libraries' public interfaces with those of an earlier commit.
#[derive(Args)]
pub(crate) struct Semver {
    /// The earlier commit, such as the tag of a release
    #[arg(value_name = "REV")]
    since: String,

    /// Libraries to compare; all of them if left out
    #[arg(long = "package", short, value_name = "NAME")]
    packages: Vec<String>,
}

impl Semver {
    /// Runs it, and passes its exit code on: 0 if nothing was taken away that the version does not allow.
    pub(crate) fn run(&self) -> Result<ExitCode> {
        require_semver_checks()?;
        let mut command = Command::new(env!("CARGO"));
        command
            .args(["semver-checks", "--baseline-rev", &self.since])
            .current_dir(workspace());
        let metadata = Metadata::read()?;
        let names: Vec<_> = metadata.libraries().map(|it| it.name.as_str()).collect();
        for unknown in &self.packages {
            if !names.contains(&unknown.as_str()) {
                bail!("{unknown} is not a library: they are {}", names.join(", "));
            }
        }
        for name in names {
            if self.packages.is_empty() || self.packages.iter().any(|it| it == name) {
                command.args(["--package", name]);
            }
        }
        let status = command.status().context("starting cargo semver-checks")?;
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
    }
}

fn require_semver_checks() -> Result<()> {
    let said = Command::new(env!("CARGO"))
        .args(["semver-checks", "--version"])
        .output();
    if said.is_ok_and(|said| said.status.success()) {
        return Ok(());
    }
    bail!("cargo-semver-checks is not installed: cargo install --locked cargo-semver-checks")
}
