//! A PKCS#11 token of SoftHSM.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use suite::process;

use crate::workbench::Bench;

/// Makes a token with the label `ca` in files below `directory`. Returns SoftHSM's configuration, which programs find by
/// `SOFTHSM2_CONF`.
pub(crate) fn make_token(bench: &Bench<'_>, directory: &Path, pin: &str) -> Result<PathBuf> {
    let (tokens, config) = (directory.join("tokens"), directory.join("softhsm2.conf"));
    fs::create_dir_all(&tokens)?;
    let text = format!(
        "directories.tokendir = {}\nobjectstore.backend = file\n",
        tokens.display()
    );
    fs::write(&config, text)?;
    let token = ["--init-token", "--free", "--label", "ca"];
    run(
        bench,
        &config,
        &[&token[..], &["--so-pin", "5678", "--pin", pin]].concat(),
    )?;
    Ok(config)
}

/// Runs `softhsm2-util`.
pub(super) fn run(bench: &Bench<'_>, config: &Path, arguments: &[&str]) -> Result<()> {
    let mut command = bench.peers.command("softhsm2-util");
    command.args(arguments).env("SOFTHSM2_CONF", config);
    let said = process::run(&mut command, None)?;
    ensure!(said.success(), "softhsm2-util: {}", said.reason());
    Ok(())
}
