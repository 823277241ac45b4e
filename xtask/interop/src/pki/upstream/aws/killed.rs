//! Our process is killed when AWS has taken the order and nobody has its answer: the same is asked for once more.

use std::process::Stdio;

use anyhow::Result;
use serde_json::json;
use suite::process;

use super::rows::holds;
use super::site::Site;
use crate::pki::request;
use crate::pki::upstream::site::{audited, until};
use crate::report::Report;
use crate::workbench::Bench;

/// Kills a command that has placed an order. The number of the certificate, which only AWS knows.
pub(super) fn order(bench: &Bench<'_>, site: &Site) -> Result<String> {
    let home = &site.home;
    request::by_openssl(bench, home.directory(), "killed", "/CN=sensor-8", &[])?;
    site.set(&json!({ "hold": true, "in_progress": 0 }))?;
    let sign = [
        "sign",
        "killed.csr",
        "--profile",
        "client",
        "--out",
        "killed.crt",
    ];
    let mut sign = home.command(&sign);
    let sign = sign
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut signing = sign.spawn()?;
    let issued = || site.lines("issued.txt").pop();
    let ordered = until("the order", || Ok(issued().is_some()));
    signing.kill()?;
    signing.wait()?;
    ordered?;
    Ok(issued().unwrap_or_default())
}

/// Whether `mtls serve` finds that certificate, after what may take half a minute.
pub(super) fn find(site: &Site, serial: String, report: &mut Report) -> Result<()> {
    let home = &site.home;
    let [port] = process::free_ports()?;
    let _serving = home.publish(port)?;
    until("the end of the reservation", || {
        Ok(!audited(home, "unconfirmed")?.is_empty())
    })?;
    let found = until("the certificate", || {
        let listed = home.json(&["list", "--state", "valid"])?;
        let listed = listed.as_array().cloned().unwrap_or_default();
        let bare = |digits: &str| digits.trim_start_matches('0').to_owned();
        let number = |it: &serde_json::Value| it["serial"].as_str().map(bare);
        Ok(listed
            .iter()
            .any(|it| number(it).as_ref() == Some(&bare(&serial))))
    });
    let case = "killed: what AWS has issued is found by asking once more";
    holds(report, case, found.map(|()| (true, serial)));
    // Of alice, of the server itself, of the device, and this one.
    let issued = site.lines("issued.txt");
    let seen = (issued.len() == 4, issued.join(" "));
    holds(report, "one order is one certificate", Ok(seen));
    Ok(())
}
