//! nginx: `ssl_ocsp`, which asks for each client, and `ssl_crl`, a file that is fetched.

use std::fs;
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use suite::process::{self, Server};

use super::ca::{Ca, GOOD, REVOKED, UNKNOWN};
use super::fetch::fetch;
use crate::clients::curl;
use crate::report::group::PUBLISHED as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;

pub(super) fn check(bench: &Bench<'_>, ca: &Ca, report: &mut Report) {
    let refused = Verdict::RefusedByStatus(400);
    // A CRL does not say what was never issued.
    for (how, unknown) in [("ssl_ocsp", refused), ("ssl_crl", Verdict::Accepted)] {
        let server = start(bench, ca, how);
        let subject = format!("nginx, {how}");
        match &server {
            Ok(server) => {
                for (client, expected) in [
                    (GOOD, Verdict::Accepted),
                    (REVOKED, refused),
                    (UNKNOWN, unknown),
                ] {
                    let seen = connect(bench, ca, server.port(), client);
                    report.push(GROUP, &subject, client, expected, seen);
                }
            }
            Err(error) => {
                let error = anyhow::anyhow!("{error:#}");
                report.push(GROUP, &subject, "starts", Verdict::Accepted, Err(error));
            }
        }
    }
    let seen = revoke_and_refresh(bench, ca);
    report.push(
        GROUP,
        "nginx, ssl_crl",
        "revoked, then fetched again",
        refused,
        seen,
    );
}

fn connect(bench: &Bench<'_>, ca: &Ca, port: u16, client: &str) -> Result<(Verdict, String)> {
    let (cert, key) = (
        ca.arg(&format!("{client}/client.crt")),
        ca.arg(&format!("{client}/client.key")),
    );
    let url = format!("https://localhost:{port}/");
    let roots = ca.path("home/default/root.crt");
    curl::ask(bench, &url, &roots, &curl::pem(&cert, &key), &[])
}

/// A client that was accepted is revoked, and nginx reads the file again.
fn revoke_and_refresh(bench: &Bench<'_>, ca: &Ca) -> Result<(Verdict, String)> {
    ca.issue("refreshed")?;
    let server = start(bench, ca, "ssl_crl")?;
    let before = connect(bench, ca, server.port(), "refreshed")?;
    ensure!(
        before.0 == Verdict::Accepted,
        "before: {} {}",
        before.0,
        before.1
    );
    drop(server);
    ca.revoke("refreshed")?;
    // As a timer does it on a machine with nginx: fetch, then reload. One that is held answers with the new one.
    let server = start(bench, ca, "ssl_crl")?;
    connect(bench, ca, server.port(), "refreshed")
}

fn start(bench: &Bench<'_>, ca: &Ca, how: &str) -> Result<Server> {
    let [port] = process::free_ports()?;
    let directory = bench.scratch(&format!("nginx-{how}-{port}"));
    fs::create_dir(&directory)?;
    let revocation = match how {
        "ssl_ocsp" => format!("ssl_ocsp on; ssl_ocsp_responder {};", ca.url("/ocsp")),
        _ => {
            // `mtls serve` has published the last revocation within a second.
            thread::sleep(Duration::from_secs(1));
            fetch(bench, &ca.url("/crl/all.pem"), &directory.join("crls.pem"))?;
            "ssl_crl crls.pem;".to_owned()
        }
    };
    let config = include_str!("nginx.conf")
        .replace("PORT", &port.to_string())
        .replace("CERT", &ca.arg("server/server.crt"))
        .replace("KEY", &ca.arg("server/server.key"))
        .replace("ROOT", &ca.ca_arg("root.crt"))
        .replace("REVOCATION", &revocation);
    fs::write(directory.join("nginx.conf"), config)?;
    let prefix = directory.to_string_lossy().into_owned();
    Server::start(
        bench
            .peers
            .command("nginx")
            .args(["-p", &prefix, "-e", "stderr", "-c", "nginx.conf"]),
        port,
    )
}
