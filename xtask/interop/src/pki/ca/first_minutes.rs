//! The chapter of the README: a CA, a server, a client, and the client revoked.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use suite::Home;
use suite::ServerFiles;
use suite::process;

use crate::clients::curl;
use crate::pki::verify::openssl_verify;
use crate::report::group::MTLS_COMMAND as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;

pub(super) fn tell(bench: &Bench<'_>, home: Home, report: &mut Report) -> Result<()> {
    let home = &home;
    let [published] = process::free_ports()?;
    let ca_url = format!("http://127.0.0.1:{published}");
    home.ok(&["ca", "init", "--url", &ca_url])?;
    home.ok(&["issue", "server", "localhost", "--san", "ip:127.0.0.1"])?;
    for client in ["alice", "bob"] {
        home.ok(&["issue", "client", client])?;
    }
    home.ok(&["crl"])?;
    home.ok(&["ca", "export", "--out", "roots.crt"])?;

    let _publishing = home.publish(published)?;
    let crls_url = format!("{ca_url}/crl/all.pem");
    let files = ServerFiles {
        cert: home.path("localhost/server.crt"),
        key: home.path("localhost/server.key"),
        client_ca: home.path("roots.crt"),
        crl: None,
    };
    let server = bench.own()?.serve_with_crls(&files, &crls_url)?;
    let url = format!("https://localhost:{}/", server.port());
    let ask = |client: &str| {
        let file = |name: &str| home.path(client).join(name).to_string_lossy().into_owned();
        let shown = curl::pem(&file("client.crt"), &file("client.key"));
        curl::ask(bench, &url, &home.path("roots.crt"), &shown, &[])
    };
    for client in ["alice", "bob"] {
        report.push(
            GROUP,
            "curl",
            &format!("{client}, issued"),
            Verdict::Accepted,
            ask(client),
        );
    }
    let nothing = curl::ask(bench, &url, &home.path("roots.crt"), &curl::nothing(), &[]);
    report.push(
        GROUP,
        "curl",
        "no certificate",
        Verdict::RefusedInTls,
        nothing,
    );
    let crls = ["root.crl", "issuing.crl"];
    let verified = openssl_verify(bench, home, "alice/client.crt", &crls);
    report.push(
        GROUP,
        "openssl verify",
        "alice, issued",
        Verdict::Accepted,
        verified,
    );

    let serial = home.json(&["list", "--name", "alice"])?;
    let serial = serial[0]["serial"]
        .as_str()
        .context("alice is not listed")?;
    home.ok(&["revoke", serial, "--reason", "key-compromise", "--yes"])?;
    home.ok(&["crl"])?;
    let verified = openssl_verify(bench, home, "alice/client.crt", &crls);
    report.push(
        GROUP,
        "openssl verify",
        "alice, revoked",
        Verdict::Refused,
        verified,
    );
    // The server waits for the next CRL.
    let deadline = Instant::now() + Duration::from_secs(30);
    let refused = loop {
        match ask("alice") {
            Ok((Verdict::Accepted, _)) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(200));
            }
            other => break other,
        }
    };
    report.push(
        GROUP,
        "curl",
        "alice, revoked",
        Verdict::RefusedInTls,
        refused,
    );
    report.push(
        GROUP,
        "curl",
        "bob, after that",
        Verdict::Accepted,
        ask("bob"),
    );
    let audit = home.run(&["audit", "verify"])?;
    let seen = match audit.success() {
        true => (Verdict::Accepted, audit.stdout),
        false => (Verdict::Refused, audit.stderr),
    };
    report.push(
        GROUP,
        "mtls audit verify",
        "all of this",
        Verdict::Accepted,
        Ok(seen),
    );
    Ok(())
}
