//! Client certificates that openssl's command line does not make.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use suite::process;

use crate::workbench::Bench;
use crate::workbench::lab::Lab;

/// Writes one by `same-ca/ca.crt`, for the key `same-ca/client.key`, that ends when `valid` is over.
pub(crate) fn write(
    bench: &Bench<'_>,
    lab: &Lab,
    common_name: &str,
    valid: Duration,
    file: &Path,
) -> Result<()> {
    let mut python = bench.peers.command("python");
    python
        .args(["-c", include_str!("client_certificate.py")])
        .arg(lab.arg("same-ca"))
        .arg(file)
        .arg(valid.as_secs().to_string())
        // No argument holds a NUL as it is.
        .arg(serde_json::to_string(common_name)?);
    let said = process::run(&mut python, None)?;
    ensure!(
        said.success(),
        "python made no certificate: {}",
        said.reason()
    );
    Ok(())
}
