//! What is published, as curl gets it.

use std::path::Path;

use anyhow::{Result, ensure};
use suite::process;

use crate::workbench::Bench;

/// Fetches what is published into a file, by curl.
pub(super) fn fetch(bench: &Bench<'_>, url: &str, to: &Path) -> Result<()> {
    let mut curl = bench.peers.command("curl");
    curl.args(["--silent", "--fail", "--output"]).arg(to);
    let said = process::run(curl.arg(url), None)?;
    ensure!(said.success(), "curl: {}", said.reason());
    Ok(())
}
