//! The emitted server files, each started as its header says, and asked with every certificate of the lab.

mod peers;
mod start;

use std::fs;

use anyhow::{Result, ensure};
use suite::process::Server;

use crate::clients::curl::{self, Shown};
use crate::report::group::SERVERS as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;
use crate::workbench::headers::Echo;
use crate::workbench::lab::{Lab, PASSWORD};
use crate::workbench::own::Own;

use self::peers::{Known, OURS, PEERS, Peer};

pub(crate) use peers::{NODE_26, peer};
pub(crate) use start::start;

pub(crate) fn check(bench: &Bench<'_>, lab: &Lab, report: &mut Report) {
    let echo = Echo::start();
    for peer in PEERS {
        let echo = echo
            .as_ref()
            .map_err(|error| anyhow::anyhow!("no backend: {error:#}"));
        let server = echo.and_then(|echo| start(bench, lab, peer, echo.port()));
        check_server(bench, lab, report, &peer.known, server);
    }
    let ours = bench.own().and_then(|own| own.serve(&lab.server_files()));
    check_server(bench, lab, report, OURS, ours);
}

fn check_server(
    bench: &Bench<'_>,
    lab: &Lab,
    report: &mut Report,
    peer: &Known,
    server: Result<Server>,
) {
    let server = match server {
        Ok(server) => server,
        Err(error) => {
            return report.push(GROUP, peer.name, "starts", Verdict::Accepted, Err(error));
        }
    };
    let url = format!("https://localhost:{}/", server.port());
    let ca = lab.path("same-ca/ca.crt");
    let refused = |case: &str| {
        if peer.takes.contains(&case) {
            Verdict::Accepted
        } else {
            peer.refusal
        }
    };
    let identity = |stem: &str| {
        curl::pem(
            &lab.arg(&format!("{stem}.crt")),
            &lab.arg(&format!("{stem}.key")),
        )
    };
    let good = identity("same-ca/client");

    let accepted: [(&str, Shown); 3] = [
        ("client.crt", good.clone()),
        (
            "client.p12",
            curl::p12(&lab.arg("same-ca/client.p12"), PASSWORD),
        ),
        (
            "client_ios.p12",
            curl::p12(&lab.arg("same-ca/client_ios.p12"), PASSWORD),
        ),
    ];
    for (case, shown) in accepted {
        report.push(
            GROUP,
            peer.name,
            case,
            Verdict::Accepted,
            curl::ask(bench, &url, &ca, &shown, &[]),
        );
    }
    report.push(
        GROUP,
        peer.name,
        "no certificate",
        peer.refusal,
        curl::ask(bench, &url, &ca, &curl::nothing(), &[]),
    );
    for case in REFUSED {
        let shown = identity(&format!("refused/{case}/client"));
        report.push(
            GROUP,
            peer.name,
            case,
            refused(case),
            curl::ask(bench, &url, &ca, &shown, &[]),
        );
    }
    let other = identity("different-ca/client");
    report.push(
        GROUP,
        peer.name,
        "client of different-ca",
        peer.refusal,
        curl::ask(bench, &url, &ca, &other, &[]),
    );

    if let Some(header) = peer.forwards {
        report.push(
            GROUP,
            peer.name,
            "backend learns the client's name",
            Verdict::Accepted,
            forwards(bench, &url, lab, &good, header),
        );
    }
    check_fetch(bench, lab, report, GROUP, peer, &url);
    // The proof that the refusals were not a server that had died.
    report.push(
        GROUP,
        peer.name,
        "client.crt again",
        Verdict::Accepted,
        curl::ask(bench, &url, &ca, &good, &[]),
    );
}

/// Our client alone against `peer`.
pub(crate) fn check_ours(
    bench: &Bench<'_>,
    lab: &Lab,
    report: &mut Report,
    group: &'static str,
    peer: &Peer,
) {
    match start(bench, lab, peer, 0) {
        Ok(server) => {
            let url = format!("https://localhost:{}/", server.port());
            check_fetch(bench, lab, report, group, &peer.known, &url);
        }
        Err(error) => report.push(
            group,
            peer.known.name,
            "starts",
            Verdict::Accepted,
            Err(error),
        ),
    }
}

/// Our client against this server.
fn check_fetch(
    bench: &Bench<'_>,
    lab: &Lab,
    report: &mut Report,
    group: &'static str,
    peer: &Known,
    url: &str,
) {
    let pem = |stem: &str| {
        [
            "--cert".to_owned(),
            lab.arg(&format!("{stem}.crt")),
            "--key".to_owned(),
            lab.arg(&format!("{stem}.key")),
        ]
        .to_vec()
    };
    let password = bench.scratch("password");
    let p12 = vec![
        "--p12".to_owned(),
        lab.arg("same-ca/client.p12"),
        "--password-file".to_owned(),
        password.to_string_lossy().into_owned(),
    ];
    let cases: [(&str, &str, Vec<String>, Verdict); 5] = [
        (
            "fetch, client.crt",
            "same-ca/ca.crt",
            pem("same-ca/client"),
            Verdict::Accepted,
        ),
        (
            "fetch, client.p12",
            "same-ca/ca.crt",
            p12,
            Verdict::Accepted,
        ),
        (
            "fetch, untrusted-ca",
            "same-ca/ca.crt",
            pem("refused/untrusted-ca/client"),
            peer.refusal,
        ),
        (
            "fetch, expired",
            "same-ca/ca.crt",
            pem("refused/expired/client"),
            peer.refusal,
        ),
        (
            "fetch refuses the server of another root",
            "different-ca/server-ca.crt",
            pem("same-ca/client"),
            Verdict::Refused,
        ),
    ];
    for (case, ca, identity, expected) in cases {
        let fetched = (|| {
            fs::write(&password, PASSWORD)?;
            let own: &Own = bench.own()?;
            let identity: Vec<&str> = identity.iter().map(String::as_str).collect();
            own.fetch(url, &lab.path(ca), &identity)
        })();
        report.push(group, peer.name, case, expected, fetched);
    }
}

/// Whether the backend gets `header` once, with the real name, whatever the client wrote into it.
fn forwards(
    bench: &Bench<'_>,
    url: &str,
    lab: &Lab,
    good: &Shown,
    header: &str,
) -> Result<(Verdict, String)> {
    let (forged, underscored) = (
        format!("{header}: CN=admin"),
        format!("{}: CN=admin", header.replace('-', "_")),
    );
    let more = [
        "--header",
        forged.as_str(),
        "--header",
        underscored.as_str(),
    ];
    let (verdict, request) = curl::ask(
        bench,
        &format!("{url}api/whoami"),
        &lab.path("same-ca/ca.crt"),
        good,
        &more,
    )?;
    ensure!(
        verdict == Verdict::Accepted,
        "the backend was not asked: {verdict}"
    );
    let values: Vec<&str> = request
        .lines()
        .filter_map(|line| line.split_once(':'))
        .filter(|(name, _)| name.replace('_', "-").eq_ignore_ascii_case(header))
        .map(|(_, value)| value.trim())
        .collect();
    let real = matches!(values[..], [value] if value.contains("CN=client1"));
    let forged = request.contains("CN=admin");
    Ok(if real && !forged {
        (Verdict::Accepted, values.join(""))
    } else {
        (Verdict::Refused, format!("{header}: {values:?}"))
    })
}

/// The directories below `refused/` that have a client in them which a server can see.
const REFUSED: &[&str] = &[
    "self-signed",
    "untrusted-ca",
    "expired",
    "not-yet-valid",
    "wrong-usage",
    "no-usage",
    "revoked",
    "ca-as-leaf",
];
