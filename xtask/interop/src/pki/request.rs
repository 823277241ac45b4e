//! A request by the `openssl` command, of somebody who keeps his key.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use suite::process;

use crate::workbench::Bench;

/// A new key on P-256 in `STEM.key` and a request for it in `STEM.csr`, as PEM.
pub(super) fn by_openssl(
    bench: &Bench<'_>,
    directory: &Path,
    stem: &str,
    subject: &str,
    more: &[&str],
) -> Result<()> {
    let (key, csr) = (format!("{stem}.key"), format!("{stem}.csr"));
    let mut openssl = bench.peers.command("openssl");
    openssl
        .args(["req", "-new", "-nodes", "-subj", subject])
        .args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
        .args(["-keyout", &key, "-out", &csr])
        .args(more)
        .current_dir(directory);
    let made = process::run(&mut openssl, None).context("openssl req")?;
    ensure!(made.success(), "openssl req: {}", made.reason());
    Ok(())
}
