//! Chromium without a window, with a client certificate that it picks by itself.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};

use super::Bench;
use super::clients::Call;
use super::lab::PASSWORD;
use crate::process::{self, Finished};

/// Opens the page of `call` in a profile of its own, and gives its document.
///
/// The root and the bundle go into a fresh NSS database, and a managed policy picks the certificate, as no flag does.
/// Policies are read from `/etc/chromium` only: a directory of ours is mounted over it, for this one process.
pub(crate) fn ask(bench: &Bench<'_>, call: &Call) -> Result<Finished> {
    let home = tempfile::tempdir_in(bench.scratch.path())?;
    let database = home.path().join(".pki/nssdb");
    fs::create_dir_all(&database)?;
    let database = format!("sql:{}", database.display());
    let (ca, p12) = (call.ca.to_string_lossy(), call.p12.to_string_lossy());
    for (program, arguments) in [
        ("certutil", &["-d", &database, "-N", "--empty-password"][..]),
        (
            "certutil",
            &["-d", &database, "-A", "-n", "root", "-t", "C,,", "-i", &ca],
        ),
        (
            "pk12util",
            &["-d", &database, "-i", &p12, "-W", PASSWORD, "-K", ""],
        ),
    ] {
        let said = bench.peers.run(program, arguments)?;
        ensure!(
            said.success(),
            "{program} did not prepare the profile: {}",
            said.reason()
        );
    }

    let origin = call.url.trim_end_matches('/');
    let settings = home.path().join("etc");
    let policies = settings.join("policies/managed");
    fs::create_dir_all(&policies)?;
    fs::write(policies.join("certificate.json"), policy(origin))?;

    let mut command = bench.peers.command("unshare");
    command.args([
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        "mount --bind \"$0\" /etc/chromium && exec \"$@\"",
    ]);
    command
        .arg(&settings)
        .arg(bench.peers.path("chromium"))
        .args(FLAGS)
        .arg(user_data(home.path()))
        .arg(&call.url);
    let mut said = process::run(command.env("HOME", home.path()), None)?;
    ensure!(
        !said.stderr.contains("unshare"),
        "no private mounts for the browser's policy: {}",
        said.reason()
    );
    // Of what it says about the machine (no D-Bus, no GPU), only why a page did not load belongs here.
    said.stderr = said
        .stderr
        .lines()
        .filter_map(|line| line.split_once("net::"))
        .map(|(_, why)| why)
        .collect();
    ensure!(
        said.success() || !said.stderr.is_empty(),
        "Chromium ended with {:?} and no page",
        said.code
    );
    Ok(said)
}

fn user_data(home: &Path) -> String {
    format!("--user-data-dir={}", home.join("profile").display())
}

/// Lets Chromium show its certificate to `origin` without asking.
fn policy(origin: &str) -> String {
    let rule = serde_json::json!({ "pattern": origin, "filter": {} }).to_string();
    serde_json::json!({ "AutoSelectCertificateForUrls": [rule] }).to_string()
}

const FLAGS: &[&str] = &[
    "--headless",
    "--no-sandbox", // refuses to be root otherwise; it opens one page of our own
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--timeout=8000",
    "--dump-dom",
];
