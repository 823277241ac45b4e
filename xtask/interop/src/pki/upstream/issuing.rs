//! `mtls serve --enroll` and the commands in front of OpenBao: issued, refused, revoked, and when it cannot be asked.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use suite::Home;
use suite::process;

use super::rows::{holds, refused};
use super::site::Site;
use crate::pki::bao::TOKEN;
use crate::pki::request;
use crate::pki::verify::openssl_verify;
use crate::report::group::UPSTREAM_CAS as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;

pub(super) fn tell(bench: &Bench<'_>, home: Home, report: &mut Report) -> Result<()> {
    let site = Site::new(bench, home)?;
    site.init(&site.bao.url)?;
    enrolled(bench, &site, report)?;
    revoked(bench, &site, report)?;
    renamed(&site, report)?;
    verbatim(bench, &site, report)?;
    not_asked(&site, report)
}

/// A device that has curl and OpenSSL.
fn enrolled(bench: &Bench<'_>, site: &Site<'_>, report: &mut Report) -> Result<()> {
    let home = &site.home;
    let [published, enroll] = process::free_ports()?;
    let token = home.json(&["token", "create", "--name", "sensor-7"])?;
    let token = token["token"].as_str().context("there is no token")?;
    let _serving = home.serve(published, enroll)?;
    request::by_openssl(bench, home.directory(), "sensor", "/CN=sensor-7", &[])?;
    let csr = fs::read_to_string(home.path("sensor.csr"))?;
    let bearer = format!("Authorization: Bearer {token}");
    let url = format!("https://localhost:{enroll}/v1/enroll");
    let body = json!({ "csr": csr }).to_string();
    let json = "Content-Type: application/json";
    let sent = ["-H", json, "-H", &bearer, "--data", &body, &url];
    let answer = curl(bench, home, &sent)?;
    let answer: Value = serde_json::from_str(&answer).with_context(|| answer.clone())?;
    if let Some(chain) = answer["chain"].as_str() {
        fs::write(home.path("sensor.crt"), chain)?;
    }
    let seen = (answer["status"] == "issued", answer.to_string());
    holds(report, "a device enrols by a token", Ok(seen));

    // As strongSwan asks for it, with the certificate that the device has now.
    request::by_openssl(bench, home.directory(), "again", "/CN=sensor-7", &[])?;
    let der = [
        "req",
        "-in",
        "again.csr",
        "-outform",
        "DER",
        "-out",
        "again.der",
    ];
    let mut openssl = bench.peers.command("openssl");
    openssl.args(der).current_dir(home.directory());
    let made = process::run(&mut openssl, None)?;
    ensure!(made.success(), "{}", made.stderr);
    let url = format!("https://localhost:{enroll}/.well-known/est/client/simplereenroll");
    let presented = ["--cert", "sensor.crt", "--key", "sensor.key"];
    let sent = [
        "-H",
        "Content-Type: application/pkcs10",
        "--data-binary",
        "@again.der",
        "--write-out",
        "%{http_code}",
        "--output",
        "again.p7",
        &url,
    ];
    let status = curl(bench, home, &[&presented[..], &sent].concat())?;
    let seen = (status == "200", format!("EST answers {status}"));
    holds(report, "EST in front of it: a device re-enrols", Ok(seen));

    let url = format!("http://127.0.0.1:{published}/crl/default-issuing.crl");
    let status = ["--output", "none.crl", "--write-out", "%{http_code}", &url];
    let status = curl(bench, home, &status)?;
    let seen = (status == "404", format!("our server answers {status}"));
    holds(report, "its CRL is not published by us", Ok(seen));
    Ok(())
}

fn revoked(bench: &Bench<'_>, site: &Site<'_>, report: &mut Report) -> Result<()> {
    let home = &site.home;
    home.ok(&["issue", "client", "alice"])?;
    fs::copy(home.path("alice/client.crt"), home.path("alice.crt"))?;
    let crl = |name: &str| -> Result<()> {
        let crl = site.bao.ask("GET", "pki/issuer/default/crl", None)?;
        Ok(fs::write(
            home.path(name),
            crate::pki::bao::text(&crl, "crl")?,
        )?)
    };
    crl("bao.crl")?;
    let verified = openssl_verify(bench, home, "alice.crt", &["bao.crl"]);
    let (subject, case) = ("openssl verify", "what OpenBao has signed for us");
    report.push(GROUP, subject, case, Verdict::Accepted, verified);
    home.ok(&["revoke", "--cert", "alice.crt", "--yes"])?;
    crl("bao.crl")?;
    let verified = openssl_verify(bench, home, "alice.crt", &["bao.crl"]);
    let case = "what `mtls revoke` has revoked, by OpenBao's CRL";
    report.push(GROUP, subject, case, Verdict::Refused, verified);
    refused(report, "a CRL of our own", "upstream", home.run(&["crl"]));
    Ok(())
}

/// A role with names of its own, which are stricter than ours.
fn renamed(site: &Site<'_>, report: &mut Report) -> Result<()> {
    let home = &site.home;
    let strict = json!({ "allow_any_name": false, "allowed_domains": "example.org", "allow_subdomains": true });
    let role = site.bao.ask("GET", "pki/roles/hosts", None)?;
    let mut changed = role.clone();
    for (name, value) in strict.as_object().into_iter().flatten() {
        changed[name] = value.clone();
    }
    site.bao.post("pki/roles/hosts", &changed)?;
    let ran = home.run(&["issue", "server", "api.example.com"]);
    refused(
        report,
        "a name that its role does not allow",
        "not allowed",
        ran,
    );
    let good = home.run(&["issue", "server", "api.example.org"])?;
    let seen = (good.success(), format!("{}{}", good.stdout, good.stderr));
    holds(report, "a name that it allows", Ok(seen));
    site.bao.post("pki/roles/hosts", &role)?;
    // It would certify for servers, too.
    let both = json!({ "server_flag": true, "client_flag": true });
    let role = site.bao.ask("GET", "pki/roles/devices", None)?;
    let mut changed = role.clone();
    for (name, value) in both.as_object().into_iter().flatten() {
        changed[name] = value.clone();
    }
    site.bao.post("pki/roles/devices", &changed)?;
    let ran = home.run(&["issue", "client", "bob"]);
    refused(
        report,
        "a role with more usages than the profile",
        "extended key usage",
        ran,
    );
    site.bao.post("pki/roles/devices", &role)?;
    Ok(())
}

/// Subject and names as in the CSR, where these are what was approved; usages as in the profile.
fn verbatim(bench: &Bench<'_>, site: &Site<'_>, report: &mut Report) -> Result<()> {
    let home = &site.home;
    let settings = fs::read_to_string(home.path("bao.toml"))?;
    fs::write(
        home.path("verbatim.toml"),
        format!("verbatim = true\n{settings}"),
    )?;
    home.ok(&["ca", "init", "verbatim", "--upstream", "verbatim.toml"])?;
    let subject = "/serialNumber=7/CN=sensor-8";
    request::by_openssl(bench, home.directory(), "verbatim", subject, &[])?;
    let sign = [
        "sign",
        "verbatim.csr",
        "--profile",
        "client",
        "--out",
        "verbatim.crt",
    ];
    let ran = home.run(&[&["--ca", "verbatim"], &sign[..]].concat())?;
    let seen = (ran.success(), format!("{}{}", ran.stdout, ran.stderr));
    holds(report, "verbatim: a subject with a serial number", Ok(seen));
    let ran = home.run(&[&["--ca", "default"], &sign[..]].concat());
    refused(report, "the same by a role", "one common name", ran);
    Ok(())
}

/// A token that is good no more, another one in the same file, and at last a server that is sealed.
fn not_asked(site: &Site<'_>, report: &mut Report) -> Result<()> {
    let home = &site.home;
    let token = home.path("bao-token");
    fs::write(&token, "s.expired")?;
    let issue = ["issue", "client", "carol"];
    let ran = home.run(&issue);
    refused(report, "a token that has expired", "credential", ran);
    fs::write(&token, TOKEN)?;
    let good = home.run(&issue)?;
    let seen = (good.success(), format!("{}{}", good.stdout, good.stderr));
    holds(report, "the next token in its file", Ok(seen));
    // It has no answer to read.
    let sealed = site.bao.ask("POST", "sys/seal", None)?;
    ensure!(sealed.is_null(), "{sealed}");
    let ran = home.run(&["issue", "client", "dora"]);
    refused(report, "while it is sealed", "not available", ran);
    Ok(())
}

pub(super) fn curl(bench: &Bench<'_>, home: &Home, arguments: &[&str]) -> Result<String> {
    let mut curl = bench.peers.command("curl");
    curl.args(["--silent", "--show-error", "--cacert", "roots.crt"])
        .args(arguments)
        .current_dir(home.directory());
    let ran = process::run(&mut curl, None)?;
    ensure!(ran.success(), "curl: {}", ran.stderr);
    Ok(ran.stdout)
}
