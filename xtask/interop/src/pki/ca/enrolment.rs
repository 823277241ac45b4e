//! Enrolment without a program of ours: a key and a CSR by OpenSSL, the routes by curl.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use suite::Home;
use suite::process;

use crate::pki::request;
use crate::pki::verify::openssl_verify;
use crate::report::group::MTLS_COMMAND as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;

pub(super) fn tell(bench: &Bench<'_>, home: Home, report: &mut Report) -> Result<()> {
    let [published, enroll] = process::free_ports()?;
    let url = format!("http://127.0.0.1:{published}");
    home.ok(&["ca", "init", "--url", &url])?;
    home.ok(&["ca", "export", "--out", "ca.crt"])?;
    let token = home.json(&["token", "create", "--name", "sensor-7"])?;
    let token = token["token"].as_str().context("there is no token")?;
    let _serving = home.serve(published, enroll)?;
    let device = Device {
        bench,
        directory: home.directory(),
        url: format!("https://localhost:{enroll}"),
    };

    let bearer = format!("Authorization: Bearer {token}");
    let first = device.csr("first")?;
    let issued = device.post("/v1/enroll", &first, &["-H", &bearer])?;
    report.push(
        GROUP,
        "curl",
        "enrols by a token",
        Verdict::Accepted,
        device.keep("first", &issued),
    );
    let other = device.csr("other")?;
    let refused = device.post("/v1/enroll", &other, &["-H", &bearer])?;
    report.push(
        GROUP,
        "curl",
        "the token again",
        Verdict::Refused,
        verdict(&refused),
    );
    home.ok(&["crl"])?;
    std::fs::copy(home.path("ca.crt"), home.path("roots.crt"))?;
    let verified = openssl_verify(bench, &home, "first.crt", &["root.crl", "issuing.crl"]);
    report.push(
        GROUP,
        "openssl verify",
        "what was enrolled",
        Verdict::Accepted,
        verified,
    );

    let presented = ["--cert", "first.crt", "--key", "first.key"];
    let second = device.csr("second")?;
    let renewed = device.post("/v1/renew", &second, &presented)?;
    report.push(
        GROUP,
        "curl",
        "renews by its certificate",
        Verdict::Accepted,
        device.keep("second", &renewed),
    );
    let nothing = device.post("/v1/renew", &second, &[])?;
    report.push(
        GROUP,
        "curl",
        "renews without one",
        Verdict::Refused,
        verdict(&nothing),
    );
    device.send("/v1/revoke", &json!({ "reason": "superseded" }), &presented)?;
    let revoked = device.post("/v1/renew", &other, &presented)?;
    report.push(
        GROUP,
        "curl",
        "renews by a revoked one",
        Verdict::Refused,
        verdict(&revoked),
    );
    home.ok(&["crl"])?;
    let verified = openssl_verify(bench, &home, "first.crt", &["root.crl", "issuing.crl"]);
    report.push(
        GROUP,
        "openssl verify",
        "what it has revoked itself",
        Verdict::Refused,
        verified,
    );
    Ok(())
}

/// A device that has curl and OpenSSL.
struct Device<'a> {
    bench: &'a Bench<'a>,
    directory: &'a Path,
    url: String,
}

impl Device<'_> {
    /// A new key, and a CSR in PEM.
    fn csr(&self, name: &str) -> Result<String> {
        request::by_openssl(self.bench, self.directory, name, "/CN=sensor-7", &[])?;
        let csr = format!("{name}.csr");
        Ok(std::fs::read_to_string(self.directory.join(csr))?)
    }

    fn post(&self, path: &str, csr: &str, more: &[&str]) -> Result<Value> {
        self.send(path, &json!({ "csr": csr }), more)
    }

    /// The JSON that comes back, whatever the status.
    fn send(&self, path: &str, body: &Value, more: &[&str]) -> Result<Value> {
        let mut curl = self.bench.peers.command("curl");
        curl.args(["--silent", "--show-error", "--cacert", "ca.crt"])
            .args([
                "-H",
                "Content-Type: application/json",
                "--data",
                &body.to_string(),
            ])
            .args(more)
            .arg(format!("{}{path}", self.url))
            .current_dir(self.directory);
        let ran = process::run(&mut curl, None)?;
        ensure!(ran.success(), "curl {path}: {}", ran.stderr);
        serde_json::from_str(&ran.stdout).with_context(|| ran.stdout.clone())
    }

    /// Writes the chain that was issued.
    fn keep(&self, name: &str, issued: &Value) -> Result<(Verdict, String)> {
        if let Some(chain) = issued["chain"].as_str() {
            std::fs::write(self.directory.join(format!("{name}.crt")), chain)?;
        }
        verdict(issued)
    }
}

fn verdict(answer: &Value) -> Result<(Verdict, String)> {
    if answer["status"] == "issued" {
        return Ok((Verdict::Accepted, "issued".to_owned()));
    }
    let kind = answer["type"].as_str().context("it is no problem")?;
    Ok((Verdict::Refused, kind.to_owned()))
}
