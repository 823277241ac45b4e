//! What `mtls serve` publishes, as openssl, curl, nginx and our own server read it.

mod ca;
mod nginx;
mod openssl;
mod our_server;

use std::path::Path;

use anyhow::{Result, ensure};
use suite::process;

use crate::Bench;
use crate::report::{Report, Verdict};

pub(crate) fn check(bench: &Bench<'_>, report: &mut Report) {
    let ca = match ca::Ca::start(bench) {
        Ok(ca) => ca,
        Err(error) => {
            return report.push(GROUP, "mtls serve", "set-up", Verdict::Accepted, Err(error));
        }
    };
    openssl::check(bench, &ca, report);
    nginx::check(bench, &ca, report);
    our_server::check(bench, &ca, report);
    let stopped = ca.stop().map(|()| (Verdict::Accepted, String::new()));
    report.push(
        GROUP,
        "mtls serve",
        "stops when it is told",
        Verdict::Accepted,
        stopped,
    );
}

/// Fetches what is published into a file, by curl.
fn fetch(bench: &Bench<'_>, url: &str, to: &Path) -> Result<()> {
    let mut curl = bench.peers.command("curl");
    curl.args(["--silent", "--fail", "--output"]).arg(to);
    let said = process::run(curl.arg(url), None)?;
    ensure!(said.success(), "curl: {}", said.reason());
    Ok(())
}

const GROUP: &str = "published";
