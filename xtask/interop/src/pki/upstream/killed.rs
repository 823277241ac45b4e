//! Our process is killed when OpenBao has answered and nothing is recorded: what it has signed is found.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use suite::Home;
use suite::process;

use super::proxy::{Proxy, Tamper};
use super::rows::holds;
use super::site::{Site, until};
use crate::pki::request;
use crate::report::Report;
use crate::workbench::Bench;

pub(super) fn tell(bench: &Bench<'_>, home: Home, report: &mut Report) -> Result<()> {
    let site = Site::new(bench, home)?;
    let home = &site.home;
    let proxy = Proxy::start(bench, &site.bao)?;
    site.init(&proxy.url)?;
    request::by_openssl(bench, home.directory(), "sensor", "/CN=sensor-7", &[])?;
    proxy.tamper(Tamper::Hold);
    let mut sign = home.command(&[
        "sign",
        "sensor.csr",
        "--profile",
        "client",
        "--out",
        "sensor.crt",
    ]);
    let sign = sign
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut signing = sign.spawn()?;
    let signed = proxy.signed.recv_timeout(Duration::from_secs(30));
    signing.kill()?;
    signing.wait()?;
    let serial = signed.context("OpenBao has signed it")?;
    proxy.tamper(Tamper::No);
    let states = || -> Result<Vec<(String, String)>> {
        let listed = home.json(&["list"])?;
        let listed = listed.as_array().cloned().unwrap_or_default();
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        Ok(listed
            .iter()
            .map(|it| (text(&it["serial"]), text(&it["state"])))
            .collect())
    };
    let left = states()?;
    let is_known = left.iter().any(|(_, state)| state == "reserved");
    holds(
        report,
        "killed: the intent is recorded",
        Ok((is_known, format!("{left:?}"))),
    );
    let [port] = process::free_ports()?;
    let _serving = home.publish(port)?;
    let found = until("the certificate", || {
        Ok(states()?.contains(&(serial.clone(), "valid".to_owned())))
    });
    let seen = found.map(|()| (true, serial.clone()));
    holds(report, "killed: what OpenBao has signed is found", seen);
    let all = states()?;
    ensure!(all.len() == 1, "one order, and {all:?}");
    home.ok(&["revoke", &serial, "--yes"])?;
    let seen = site.is_revoked("pki", &serial).map(|is| (is, serial));
    holds(report, "killed: and can be revoked", seen);
    home.ok(&["audit", "verify"])?;
    Ok(())
}
