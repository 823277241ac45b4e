//! Certificates that come later: commands wait for them, and devices are told to ask again.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use suite::process;

use super::rows::{holds, refused};
use super::site::Site;
use crate::pki::request;
use crate::pki::upstream::issuing::curl;
use crate::pki::upstream::site::until;
use crate::report::group::UPSTREAM_CAS as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;

pub(super) fn tell(bench: &Bench<'_>, site: &Site, report: &mut Report) -> Result<()> {
    let home = &site.home;
    site.set(&json!({ "in_progress": 2 }))?;
    home.ok(&["issue", "client", "alice"])?;
    fs::copy(home.path("alice/client.crt"), home.path("alice.crt"))?;
    let mut openssl = bench.peers.command("openssl");
    openssl
        .args(["verify", "-x509_strict", "-purpose", "sslclient"])
        .args(["-CAfile", "roots.crt", "alice.crt"])
        .current_dir(home.directory());
    let verified = process::run(&mut openssl, None)?;
    let said = format!("{}{}", verified.stdout, verified.stderr);
    let seen = Ok((Verdict::accepted_if(verified.success()), said));
    let case = "a certificate that comes on the third try";
    report.push(GROUP, "openssl verify", case, Verdict::Accepted, seen);
    home.ok(&["revoke", "--cert", "alice.crt", "--yes"])?;
    let (issued, revoked) = (site.lines("issued.txt"), site.lines("revoked.txt"));
    let is_last = issued.last() == revoked.last() && revoked.len() == 1;
    let seen = (is_last, format!("{revoked:?}"));
    holds(report, "what `mtls revoke` has revoked", Ok(seen));

    let mut wrong = home.command(&["issue", "client", "bob"]);
    wrong.env("AWS_SECRET_ACCESS_KEY", "another");
    let ran = process::run(&mut wrong, None);
    let case = "requests that are signed with another key";
    refused(report, case, "InvalidSignatureException", ran);
    enrolled(bench, site, report)
}

/// A device that has curl and OpenSSL, and more patience than a request may take.
fn enrolled(bench: &Bench<'_>, site: &Site, report: &mut Report) -> Result<()> {
    let home = &site.home;
    let [published, enroll] = process::free_ports()?;
    site.set(&json!({ "in_progress": 0 }))?;
    let before = site.lines("issued.txt").len();
    let _serving = home.serve(published, enroll)?;
    // Its own certificate is ordered when it listens already.
    until("the server's own certificate", || {
        Ok(site.lines("issued.txt").len() > before)
    })?;
    site.set(&json!({ "in_progress": 5 }))?;
    let token = home.json(&["token", "create", "--name", "sensor-7"])?;
    let token = token["token"].as_str().context("there is no token")?;
    request::by_openssl(bench, home.directory(), "sensor", "/CN=sensor-7", &[])?;
    let csr = fs::read_to_string(home.path("sensor.csr"))?;
    let body = json!({ "csr": csr }).to_string();
    let url = format!("https://localhost:{enroll}/v1/enroll");
    let bearer = format!("Authorization: Bearer {token}");
    let key = "Idempotency-Key: sensor-7";
    let json = "Content-Type: application/json";
    let sent = ["-H", json, "-H", &bearer, "-H", key, "--data", &body, &url];
    let deadline = Instant::now() + Duration::from_secs(40);
    let mut states = Vec::new();
    loop {
        let answer: Value = serde_json::from_str(&curl(bench, home, &sent)?)?;
        let state = answer["status"].as_str().unwrap_or("refused").to_owned();
        let is_last = state != "pending";
        states.push(state);
        if is_last {
            break;
        }
        ensure!(Instant::now() < deadline, "{states:?}");
    }
    let seen = (states.len() > 1, format!("{states:?}"));
    let is_issued = states.last().is_some_and(|it| it == "issued");
    let seen = (seen.0 && is_issued, seen.1);
    holds(
        report,
        "a device is told to ask again, and gets it",
        Ok(seen),
    );
    Ok(())
}
