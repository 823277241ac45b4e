//! Proxies that ask clients for a certificate and forward it to our server.

use std::fs;

use anyhow::{Context, Result, ensure};
use suite::process::{self, Server};

use super::people::{People, Person, lines};
use super::program::{NGINX, ask, command, filled};
use crate::clients::curl::{self, Shown};
use crate::report::group::PROXIES as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;
use crate::workbench::lab::Lab;

/// A proxy, and how our server has to read it.
pub(super) struct Front {
    name: &'static str,
    program: &'static str,
    /// `FILE_` in them is the written configuration.
    arguments: &'static [&'static str],
    configuration: &'static str,
    /// A word of that, and another in its place.
    change: Option<(&'static str, &'static str)>,
    form: &'static str,
    /// The header that it writes.
    header: &'static str,
    /// What becomes of a client that sends the same header with underscores.
    underscored: Verdict,
}

pub(super) fn check(
    bench: &Bench<'_>,
    lab: &Lab,
    people: &People,
    front: &Front,
    report: &mut Report,
) {
    let started = (|| {
        let backend = behind(bench, lab, front.form)?;
        let proxy = start(bench, lab, front, &people.edge, backend.port())?;
        Ok((backend, proxy))
    })();
    let (backend, proxy) = match started {
        Ok(both) => both,
        Err(error) => {
            return report.push(GROUP, front.name, "starts", Verdict::Accepted, Err(error));
        }
    };
    let client = curl::pem(
        &lab.arg("same-ca/client.crt"),
        &lab.arg("same-ca/client.key"),
    );
    let mut row = |case, expected, seen| report.push(GROUP, front.name, case, expected, seen);

    let seen = greeted(bench, lab, &proxy, &client, &[]);
    row("forwards its client", Verdict::Accepted, seen);
    let forged = lines(&people.admin);
    let seen = greeted(bench, lab, &proxy, &client, &forged);
    row("whatever the client writes", Verdict::Accepted, seen);
    let own = format!("{}: ", front.header);
    let underscored: Vec<String> = forged
        .iter()
        .filter_map(|line| line.strip_prefix(&own))
        .map(|value| format!("{}: {value}", front.header.replace('-', "_")))
        .collect();
    let seen = greeted(bench, lab, &proxy, &client, &underscored);
    row("or writes with underscores", front.underscored, seen);
    if front.form == "envoy-xfcc" {
        let seen = greeted(bench, lab, &proxy, &people.forger.shown(), &[]).and_then(|seen| {
            let noticed = seen
                .1
                .contains("forwarded URI is not that of the forwarded certificate");
            ensure!(noticed, "nobody noticed the name: {}", seen.1);
            Ok(seen)
        });
        row("or is called", Verdict::RefusedByStatus(400), seen);
    }

    // The backend without the proxy.
    let forbidden = Verdict::RefusedByStatus(403);
    let seen = greeted(bench, lab, &backend, &people.mallory.shown(), &forged);
    row("a client in its place", forbidden, seen);
    let seen = start(bench, lab, front, &people.mallory, backend.port())
        .and_then(|other| greeted(bench, lab, &other, &client, &[]));
    row("another proxy in its place", forbidden, seen);
    let seen = greeted(bench, lab, &proxy, &client, &[]);
    row("forwards its client still", Verdict::Accepted, seen);
}

/// Accepted only if our server greets the lab's client, and nobody else.
fn greeted(
    bench: &Bench<'_>,
    lab: &Lab,
    server: &Server,
    shown: &Shown,
    headers: &[String],
) -> Result<(Verdict, String)> {
    let (verdict, body) = ask(bench, lab, server, shown, headers)?;
    let real = body.contains("CN=client1") && body.contains("by way of CN=edge");
    ensure!(
        verdict != Verdict::Accepted || real,
        "the greeting is `{body}`"
    );
    Ok((verdict, body))
}

/// Our server, which trusts a proxy by the name of `edge`, and verifies its clients again.
fn behind(bench: &Bench<'_>, lab: &Lab, form: &str) -> Result<Server> {
    let [port] = process::free_ports()?;
    let mut command = bench.own()?.behind();
    command
        .args(["--cert", &lab.arg("same-ca/server.crt")])
        .args(["--key", &lab.arg("same-ca/server.key")])
        .args(["--proxy-ca", &lab.arg("same-ca/ca.crt")])
        .args(["--client-ca", &lab.arg("same-ca/ca.crt")])
        .args(["--proxy", "edge", "--form", form])
        .args(["--listen", &format!("127.0.0.1:{port}")]);
    Server::start(&mut command, port)
}

fn start(
    bench: &Bench<'_>,
    lab: &Lab,
    front: &Front,
    identity: &Person,
    backend: u16,
) -> Result<Server> {
    let [port] = process::free_ports()?;
    // Envoy goes by the ending.
    let file = bench.scratch(&format!("proxy-{port}.yaml"));
    let text = filled(bench, lab, front.configuration, port)
        .replace("@BACKEND@", &backend.to_string())
        .replace("@IDENTITY@", &identity.files.to_string_lossy());
    let text = match front.change {
        Some((word, other)) => text.replace(word, other),
        None => text,
    };
    fs::write(&file, text).context("writing a proxy's configuration")?;
    Server::start(
        &mut command(bench, front.program, front.arguments, &file),
        port,
    )
}

const HAPROXY_CFG: &str = include_str!("haproxy.cfg");

const HAPROXY: &[&str] = &["-db", "-f", "FILE_"];

const ENVOY: &[&str] = &[
    "-c",
    "FILE_",
    "--disable-hot-restart",
    "--log-level",
    "error",
];
const ENVOY_YAML: &str = include_str!("envoy.yaml");

pub(super) const FRONTS: &[Front] = &[
    Front {
        name: "nginx",
        program: "nginx",
        arguments: NGINX,
        configuration: include_str!("nginx.conf"),
        change: None,
        form: "nginx-escaped-pem",
        header: "X-SSL-Client-Cert",
        underscored: Verdict::Accepted, // it drops them
    },
    Front {
        name: "HAProxy",
        program: "haproxy",
        arguments: HAPROXY,
        configuration: HAPROXY_CFG,
        change: None,
        form: "haproxy-der",
        header: "X-SSL-Client-DER",
        underscored: Verdict::RefusedByStatus(400),
    },
    Front {
        name: "HAProxy, RFC 9440",
        program: "haproxy",
        arguments: HAPROXY,
        configuration: HAPROXY_CFG,
        change: None,
        form: "rfc9440",
        header: "Client-Cert",
        underscored: Verdict::RefusedByStatus(400),
    },
    Front {
        name: "Caddy, RFC 9440",
        program: "caddy",
        arguments: &["run", "--adapter", "caddyfile", "--config", "FILE_"],
        configuration: include_str!("Caddyfile"),
        change: None,
        form: "rfc9440",
        header: "Client-Cert",
        underscored: Verdict::Accepted, // it drops them
    },
    Front {
        name: "Apache",
        program: "apache2",
        arguments: &["-f", "FILE_", "-DFOREGROUND"],
        configuration: include_str!("apache.conf"),
        change: None,
        form: "nginx-escaped-pem",
        header: "X-SSL-Client-Cert",
        underscored: Verdict::RefusedByStatus(400),
    },
    Front {
        name: "Envoy, SANITIZE_SET",
        program: "envoy",
        arguments: ENVOY,
        configuration: ENVOY_YAML,
        change: None,
        form: "envoy-xfcc",
        header: "X-Forwarded-Client-Cert",
        underscored: Verdict::RefusedByStatus(400),
    },
    Front {
        name: "Envoy, APPEND_FORWARD",
        program: "envoy",
        arguments: ENVOY,
        configuration: ENVOY_YAML,
        change: Some(("SANITIZE_SET", "APPEND_FORWARD")),
        form: "envoy-xfcc",
        header: "X-Forwarded-Client-Cert",
        underscored: Verdict::RefusedByStatus(400),
    },
];
