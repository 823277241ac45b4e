//! nginx behind our gateway, which tells it of its clients.

use std::fs;

use anyhow::{Context, Result, ensure};
use suite::process::{self, Server};

use super::people::{People, Person, base64, lines, unescaped};
use super::program::{NGINX, ask, command, filled};
use crate::clients::curl::{self, Shown};
use crate::report::group::PROXIES as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;
use crate::workbench::lab::Lab;

/// nginx behind our gateway: what it is told of the lab's client, and of nobody.
pub(super) fn check(
    bench: &Bench<'_>,
    lab: &Lab,
    people: &People,
    form: &Form,
    report: &mut Report,
) {
    let name = format!("our gateway, {}", form.name);
    let started = (|| {
        let [port] = process::free_ports()?;
        let file = bench.scratch(&format!("upstream-{port}"));
        fs::write(&file, filled(bench, lab, UPSTREAM, port))?;
        let upstream = Server::start(&mut command(bench, "nginx", NGINX, &file), port)?;
        let gateway = |identity| gateway(bench, lab, identity, form, upstream.port());
        let (ours, another) = (gateway(&people.edge)?, gateway(&people.mallory)?);
        Ok((upstream, ours, another))
    })();
    let (upstream, gateway, another) = match started {
        Ok(all) => all,
        Err(error) => return report.push(GROUP, &name, "starts", Verdict::Accepted, Err(error)),
    };
    let client = curl::pem(
        &lab.arg("same-ca/client.crt"),
        &lab.arg("same-ca/client.key"),
    );
    let mut row = |case, expected, seen| report.push(GROUP, &name, case, expected, seen);
    let forged = lines(&people.admin);
    let told = |shown: &Shown, headers: &[String], whom| {
        told(bench, lab, &gateway, shown, headers, form, whom)
    };

    let pem = fs::read_to_string(lab.path("same-ca/client.crt")).context("reading client.crt");
    let pem = pem.unwrap_or_default();
    let whom = Some(pem.as_str());
    row(
        "forwards its client",
        Verdict::Accepted,
        told(&client, &[], whom),
    );
    row(
        "whatever the client writes",
        Verdict::Accepted,
        told(&client, &forged, whom),
    );
    let nobody = curl::nothing();
    row(
        "nobody, if there is none",
        Verdict::Accepted,
        told(&nobody, &[], None),
    );
    row(
        "nobody, whatever they write",
        Verdict::Accepted,
        told(&nobody, &forged, None),
    );
    let forbidden = Verdict::RefusedByStatus(403);
    let seen = ask(bench, lab, &upstream, &people.mallory.shown(), &forged);
    row("a client in its place", forbidden, seen);
    let seen = ask(bench, lab, &another, &client, &[]);
    row("another proxy in its place", forbidden, seen);
}

/// Accepted only if the upstream was told of this certificate, in this header alone.
fn told(
    bench: &Bench<'_>,
    lab: &Lab,
    gateway: &Server,
    shown: &Shown,
    headers: &[String],
    form: &Form,
    whom: Option<&str>,
) -> Result<(Verdict, String)> {
    let (verdict, body) = ask(bench, lab, gateway, shown, headers)?;
    ensure!(verdict == Verdict::Accepted, "{verdict}: {body}");
    let lines = body.lines().filter_map(|line| line.split_once('='));
    let told: Vec<_> = lines.filter(|(_, value)| !value.is_empty()).collect();
    let right = match (told.as_slice(), whom) {
        ([], None) => true,
        ([(header, value)], Some(pem)) => {
            let begins = value.starts_with(form.begins);
            *header == form.header && begins && unescaped(value).contains(&base64(pem))
        }
        _ => false,
    };
    ensure!(right, "the upstream was told `{body}`");
    Ok((verdict, body))
}

fn gateway(
    bench: &Bench<'_>,
    lab: &Lab,
    identity: &Person,
    form: &Form,
    upstream: u16,
) -> Result<Server> {
    let [port] = process::free_ports()?;
    let own = |ending| identity.files.with_extension(ending);
    let mut command = bench.own()?.gateway();
    command
        .args(["--cert", &lab.arg("same-ca/server.crt")])
        .args(["--key", &lab.arg("same-ca/server.key")])
        .args(["--client-ca", &lab.arg("same-ca/ca.crt"), "--optional"])
        .args(["--upstream", &format!("https://localhost:{upstream}")])
        .args(["--upstream-ca", &lab.arg("same-ca/ca.crt")])
        .arg("--own-cert")
        .arg(own("crt"))
        .arg("--own-key")
        .arg(own("key"))
        .args(["--form", form.name])
        .args(["--listen", &format!("127.0.0.1:{port}")]);
    Server::start(&mut command, port)
}

const UPSTREAM: &str = include_str!("upstream.conf");
/// What our gateway writes.
pub(super) struct Form {
    name: &'static str,
    header: &'static str,
    begins: &'static str,
}

pub(super) const FORMS: &[Form] = &[
    Form {
        name: "rfc9440",
        header: "Client-Cert",
        begins: ":MII",
    },
    Form {
        name: "envoy-xfcc",
        header: "X-Forwarded-Client-Cert",
        begins: "Hash=",
    },
    Form {
        name: "nginx-escaped-pem",
        header: "X-SSL-Client-Cert",
        begins: "-----BEGIN%20CERTIFICATE-----%0AMII",
    },
    Form {
        name: "traefik",
        header: "X-Forwarded-Tls-Client-Cert",
        begins: "MII",
    },
    Form {
        name: "haproxy-der",
        header: "X-SSL-Client-DER",
        begins: "MII",
    },
];
