//! `pki` of strongSwan, which has a TLS and an HTTP of its own.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::curl::approve;
use super::site::Site;
use crate::report::group::EST as GROUP;
use crate::report::{Report, Verdict};

const CLIENT: &str = "strongSwan pki";

pub(super) fn tell(site: &Site<'_>, report: &mut Report) -> Result<()> {
    let seen = certificates_of_ca(site);
    report.push(
        GROUP,
        CLIENT,
        "the CA's certificates",
        Verdict::Accepted,
        seen,
    );
    let token = site.token("gateway-1", &[])?;
    for stem in ["gateway-1", "next", "second"] {
        request(site, stem, "gateway-1")?;
    }
    request(site, "changed", "gateway-2")?;
    let user = format!("gateway-1:{token}");
    let wrong = ["--userpass", "gateway-1:guess"];
    let password = ["--userpass", user.as_str()];
    let presented = ["--cert", "gateway-1.crt", "--key", "gateway-1.key"];
    for (case, stem, more, expected) in [
        (
            "a wrong password",
            "gateway-1",
            &wrong[..],
            Verdict::Refused,
        ),
        ("without a password", "gateway-1", &[], Verdict::Refused),
        (
            "enrols by a password",
            "gateway-1",
            &password,
            Verdict::Accepted,
        ),
        (
            "the token for another key",
            "second",
            &password,
            Verdict::Refused,
        ),
        (
            "renews with another name",
            "changed",
            &presented,
            Verdict::Refused,
        ),
        (
            "renews by its certificate",
            "next",
            &presented,
            Verdict::Accepted,
        ),
    ] {
        let seen = enrol(site, stem, "gateway-1", more);
        report.push(GROUP, CLIENT, case, expected, seen);
    }
    site.home
        .ok(&["revoke", "--cert", "gateway-1.crt", "--yes"])?;
    let seen = enrol(site, "next", "gateway-1", &presented);
    report.push(
        GROUP,
        CLIENT,
        "renews by a revoked one",
        Verdict::Refused,
        seen,
    );

    let token = site.token("gateway-3", &["--profile", "approved"])?;
    request(site, "gateway-3", "gateway-3")?;
    let seen = wait(site, "gateway-3", &format!("gateway-3:{token}"));
    let case = "waits until somebody approves";
    report.push(GROUP, CLIENT, case, Verdict::Accepted, seen);
    Ok(())
}

fn certificates_of_ca(site: &Site<'_>) -> Result<(Verdict, String)> {
    let url = site.url("");
    let files = [
        "--cacert",
        "ca.crt",
        "--caout",
        "swan.crt",
        "--outform",
        "pem",
    ];
    site.ok("pki", &[&["--estca", "--url", &url][..], &files].concat())?;
    let root = fs::read_to_string(site.home.path("ca.crt"))?;
    let mut written = Vec::new();
    for entry in fs::read_dir(site.home.directory())? {
        let path = entry?.path();
        let name = path.file_name().map(|it| it.to_string_lossy().into_owned());
        if name.is_some_and(|name| name.starts_with("swan")) {
            written.push(fs::read_to_string(path)?);
        }
    }
    let has_root = written.iter().any(|text| text.trim() == root.trim());
    let seen = format!("{} certificates", written.len());
    Ok((Verdict::accepted_if(has_root && written.len() == 2), seen))
}

/// A new key in `STEM.key`, and a CSR in `STEM.csr`.
fn request(site: &Site<'_>, stem: &str, name: &str) -> Result<()> {
    let (file, csr) = (format!("{stem}.key"), format!("{stem}.csr"));
    let key = [
        "--gen",
        "--type",
        "ecdsa",
        "--size",
        "256",
        "--outform",
        "pem",
    ];
    fs::write(site.home.path(&file), site.ok("pki", &key)?)?;
    let name = format!("CN={name}");
    let make = [
        "--req",
        "--type",
        "ecdsa",
        "--in",
        &file,
        "--dn",
        &name,
        "--outform",
        "pem",
    ];
    fs::write(site.home.path(&csr), site.ok("pki", &make)?)?;
    Ok(())
}

/// The arguments that send `STEM.csr`.
fn arguments<'a>(url: &'a str, csr: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let est = ["--est", "--url", url, "--in", csr, "--cacert", "ca.crt"];
    [
        &est[..],
        &["--cacert", "swan-1.crt", "--outform", "pem"],
        more,
    ]
    .concat()
}

fn enrol(site: &Site<'_>, stem: &str, name: &str, more: &[&str]) -> Result<(Verdict, String)> {
    let (url, csr) = (site.url(""), format!("{stem}.csr"));
    let ran = site.run("pki", &arguments(&url, &csr, more))?;
    if !ran.success() {
        ensure!(
            ran.stderr.contains("EST request failed: HTTP 4"),
            "{}",
            ran.stderr
        );
        return Ok((Verdict::Refused, ran.stderr));
    }
    keep(site, stem, name, &ran.stdout)
}

fn keep(site: &Site<'_>, stem: &str, name: &str, pem: &str) -> Result<(Verdict, String)> {
    let file = format!("{stem}.crt");
    fs::write(site.home.path(&file), pem)?;
    Ok((Verdict::Accepted, site.verify(&file, name)?))
}

/// Somebody approves while the client waits.
fn wait(site: &Site<'_>, stem: &str, user: &str) -> Result<(Verdict, String)> {
    let (url, csr) = (site.url(""), format!("{stem}.csr"));
    let more = ["--userpass", user, "--interval", "1", "--maxpolltime", "20"];
    let client = site
        .command("pki", &arguments(&url, &csr, &more))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("starting pki")?;
    let deadline = Instant::now() + Duration::from_secs(20);
    while site.home.json(&["requests", "list"])?[0].is_null() {
        ensure!(Instant::now() < deadline, "nothing waits");
        thread::sleep(Duration::from_millis(100));
    }
    approve(site)?;
    // It ends by itself: its time to wait is limited.
    let ended = client.wait_with_output()?;
    let said = String::from_utf8_lossy(&ended.stderr);
    ensure!(ended.status.success(), "pki: {said}");
    keep(site, stem, stem, &String::from_utf8(ended.stdout)?)
}
