//! A mount of OpenBao, taken over from a real server, over TLS.

use std::fs;

use anyhow::{Context as _, Result};
use serde_json::json;
use suite::Home;

use super::import::afterwards;
use crate::pki::bao::{Bao, text};
use crate::report::group::MTLS_COMMAND as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;

/// A root in one mount, and in another the CA below it, whose key was exported when it was made.
pub(super) fn with_key(bench: &Bench<'_>, home: Home, report: &mut Report) -> Result<()> {
    let home = &home;
    let bao = Bao::start(bench, home)?;
    bao.post("sys/mounts/root", &json!({ "type": "pki" }))?;
    bao.post(
        "sys/mounts/root/tune",
        &json!({ "max_lease_ttl": "87600h" }),
    )?;
    bao.post("sys/mounts/team/pki", &json!({ "type": "pki" }))?;
    bao.post(
        "sys/mounts/team/pki/tune",
        &json!({ "max_lease_ttl": "43800h" }),
    )?;
    let ca =
        json!({ "common_name": "Bao Root", "key_type": "ec", "key_bits": 256, "ttl": "87600h" });
    let root = bao.post("root/root/generate/internal", &ca)?;
    let ca = json!({ "common_name": "Bao Issuing", "key_type": "ec", "key_bits": 256 });
    let made = bao.post("team/pki/intermediate/generate/exported", &ca)?;
    fs::write(home.path("issuing.key"), text(&made, "private_key")?)?;
    let csr = json!({ "csr": text(&made, "csr")?, "ttl": "43800h", "use_csr_values": true });
    let signed = bao.post("root/root/sign-intermediate", &csr)?;
    let certificate = text(&signed, "certificate")?;
    let chain = json!({ "certificate": certificate });
    bao.post("team/pki/intermediate/set-signed", &chain)?;
    fs::write(home.path("above.crt"), text(&root, "certificate")?)?;
    bao.issue_everybody(home, "team/pki")?;

    let import = bao.import("team/pki");
    let import = [&arguments(&import)[..], &["--key", "issuing.key"]].concat();
    let alone = [&import[..], &["--token-file", "token"]].concat();
    let case = "without the root above it";
    report.refused(GROUP, "OpenBao", case, "--chain", home.run(&alone));
    let wrong = [
        &import[..],
        &["--chain", "above.crt", "--token-file", "passphrase"],
    ]
    .concat();
    let case = "the wrong token";
    report.refused(GROUP, "OpenBao", case, "may not read", home.run(&wrong));
    let import = [
        &import[..],
        &["--chain", "above.crt", "--token-file", "token"],
    ]
    .concat();
    home.ok(&import)?;
    let above = bao.ask("GET", "root/issuer/default/crl", None)?;
    fs::write(home.path("above.crl"), text(&above, "crl")?)?;
    let crls = ["above.crl", "issuing.crl"];
    afterwards(bench, home, report, "OpenBao", &crls)?;
    numbers_go_on(home, report, &bao, "team/pki", "OpenBao")
}

/// A root whose key OpenBao does not give away. A second one has taken its place before it is taken over.
pub(super) fn without_key(bench: &Bench<'_>, home: Home, report: &mut Report) -> Result<()> {
    let home = &home;
    let subject = "OpenBao, key elsewhere";
    let bao = Bao::start(bench, home)?;
    bao.post("sys/mounts/pki", &json!({ "type": "pki" }))?;
    bao.post("sys/mounts/pki/tune", &json!({ "max_lease_ttl": "87600h" }))?;
    for name in ["first", "second"] {
        let ca = json!({
            "common_name": format!("Bao Root {name}"), "issuer_name": name, "key_type": "rsa", "ttl": "87600h"
        });
        bao.post("pki/root/generate/internal", &ca)?;
        bao.post("pki/config/issuers", &json!({ "default": name }))?;
        match name {
            "first" => bao.issue_everybody(home, "pki")?,
            _ => bao.issue(home, "pki", "erin", "client").map(drop)?,
        }
    }
    let import = bao.import("pki");
    home.ok(&[&arguments(&import)[..], &["--token-file", "token"]].concat())?;
    let listed = home.json(&["list"])?;
    let states = |state: &str| {
        let listed = listed.as_array().map_or(&[][..], Vec::as_slice);
        listed.iter().filter(|one| one["state"] == state).count()
    };
    let seen = format!("{} valid, {} revoked", states("valid"), states("revoked"));
    let verdict = Verdict::accepted_if(states("valid") == 4 && states("revoked") == 1);
    let case = "every certificate is listed";
    report.push(GROUP, subject, case, Verdict::Accepted, Ok((verdict, seen)));
    home.ok(&["revoke", "--cert", "alice.crt", "--yes"])?;
    let revoked = home.json(&["list", "--state", "revoked"])?;
    let count = revoked.as_array().map_or(0, Vec::len);
    let verdict = Verdict::accepted_if(count == 2);
    let case = "alice, revoked here";
    let seen = (verdict, format!("{count} revoked"));
    report.push(GROUP, subject, case, Verdict::Accepted, Ok(seen));
    let issue = ["issue", "client", "dave"];
    let case = "a new certificate";
    report.refused(GROUP, "OpenBao", case, "is not here", home.run(&issue));
    Ok(())
}

/// The next CRL has a higher number than those of OpenBao.
fn numbers_go_on(
    home: &Home,
    report: &mut Report,
    bao: &Bao<'_>,
    mount: &str,
    subject: &str,
) -> Result<()> {
    let last = bao.ask("GET", &format!("{mount}/issuer/default/crl"), None)?;
    fs::write(home.path("bao.crl"), text(&last, "crl")?)?;
    let number = |file: &str| -> Result<u64> {
        let crl = home.json(&["inspect", file])?;
        crl[0]["number"].as_u64().context("a CRL has a number")
    };
    let (before, now) = (number("bao.crl")?, number("issuing.crl")?);
    let seen = (
        Verdict::accepted_if(now > before),
        format!("{before}, then {now}"),
    );
    let case = "CRL numbers go on";
    report.push(GROUP, subject, case, Verdict::Accepted, Ok(seen));
    Ok(())
}

fn arguments(all: &[String]) -> Vec<&str> {
    all.iter().map(String::as_str).collect()
}
