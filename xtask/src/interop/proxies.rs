//! Real proxies in front of our server, each with the header that it writes, and one behind our gateway.

mod people;

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use self::people::{Person, base64, unescaped};
use super::Bench;
use super::curl::{self, Shown};
use super::lab::Lab;
use super::report::{Report, Verdict};
use crate::process::{self, Server};

pub(crate) fn check(bench: &Bench<'_>, lab: &Lab, report: &mut Report) {
    let people = match People::new(bench, lab) {
        Ok(people) => people,
        Err(error) => {
            let case = "certificates for the proxies";
            return report.push(GROUP, "rcgen", case, Verdict::Accepted, Err(error));
        }
    };
    for front in FRONTS {
        check_front(bench, lab, &people, front, report);
    }
    for form in FORMS {
        check_gateway(bench, lab, &people, form, report);
    }
}

struct People {
    /// The certificate of the proxy that is trusted.
    edge: Person,
    /// A client of the same CA, who is no proxy.
    mallory: Person,
    /// Whom nobody may pass for.
    admin: Person,
    /// One whose alternative name is made to look like the words of a proxy.
    forger: Person,
}

impl People {
    fn new(bench: &Bench<'_>, lab: &Lab) -> Result<Self> {
        let admin = Person::new(bench, lab, "admin", None)?;
        let element = admin.as_element();
        Ok(Self {
            edge: Person::new(bench, lab, "edge", None)?,
            mallory: Person::new(bench, lab, "mallory", None)?,
            forger: Person::new(bench, lab, "forger", Some(&element))?,
            admin,
        })
    }
}

/// A proxy, and how our server has to read it.
struct Front {
    name: &'static str,
    program: &'static str,
    /// `FILE_` in them is the written configuration.
    arguments: &'static [&'static str],
    configuration: &'static str,
    form: &'static str,
    /// The header that it writes.
    header: &'static str,
    /// What becomes of a client that sends the same header with underscores.
    underscored: Verdict,
}

fn check_front(bench: &Bench<'_>, lab: &Lab, people: &People, front: &Front, report: &mut Report) {
    let started = (|| {
        let backend = behind(bench, lab, front.form)?;
        let proxy = start_front(bench, lab, front, &people.edge, backend.port())?;
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
    let seen = start_front(bench, lab, front, &people.mallory, backend.port())
        .and_then(|other| greeted(bench, lab, &other, &client, &[]));
    row("another proxy in its place", forbidden, seen);
    let seen = greeted(bench, lab, &proxy, &client, &[]);
    row("forwards its client still", Verdict::Accepted, seen);
}

/// The headers that would say that it is this person.
fn lines(person: &Person) -> Vec<String> {
    let line = |(name, value): (&str, String)| format!("{name}: {value}");
    person.headers().map(line).to_vec()
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

fn ask(
    bench: &Bench<'_>,
    lab: &Lab,
    server: &Server,
    shown: &Shown,
    headers: &[String],
) -> Result<(Verdict, String)> {
    let more: Vec<&str> = headers
        .iter()
        .flat_map(|header| ["--header", header])
        .collect();
    let url = format!("https://localhost:{}/", server.port());
    curl::ask(bench, &url, &lab.path("same-ca/ca.crt"), shown, &more)
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

fn start_front(
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
    fs::write(&file, text).context("writing a proxy's configuration")?;
    Server::start(
        &mut command(bench, front.program, front.arguments, &file),
        port,
    )
}

fn filled(bench: &Bench<'_>, lab: &Lab, configuration: &str, port: u16) -> String {
    configuration
        .replace("@PORT@", &port.to_string())
        .replace("@RUN@", &bench.scratch.path().to_string_lossy())
        .replace("@LAB@", lab.arg("").trim_end_matches('/'))
}

fn command(bench: &Bench<'_>, program: &str, arguments: &[&str], file: &Path) -> Command {
    let mut command = bench.peers.command(program);
    let file = file.to_string_lossy();
    command.args(arguments.iter().map(|it| it.replace("FILE_", &file)));
    command
}

/// nginx behind our gateway: what it is told of the lab's client, and of nobody.
fn check_gateway(bench: &Bench<'_>, lab: &Lab, people: &People, form: &Form, report: &mut Report) {
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

const GROUP: &str = "proxies";

const UPSTREAM: &str = include_str!("proxies/upstream.conf");
const HAPROXY_CFG: &str = include_str!("proxies/haproxy.cfg");

const NGINX: &[&str] = &["-e", "stderr", "-c", "FILE_"];
const HAPROXY: &[&str] = &["-db", "-f", "FILE_"];

const FRONTS: &[Front] = &[
    Front {
        name: "nginx",
        program: "nginx",
        arguments: NGINX,
        configuration: include_str!("proxies/nginx.conf"),
        form: "nginx-escaped-pem",
        header: "X-SSL-Client-Cert",
        underscored: Verdict::Accepted, // it drops them
    },
    Front {
        name: "HAProxy",
        program: "haproxy",
        arguments: HAPROXY,
        configuration: HAPROXY_CFG,
        form: "haproxy-der",
        header: "X-SSL-Client-DER",
        underscored: Verdict::RefusedByStatus(400),
    },
    Front {
        name: "HAProxy, RFC 9440",
        program: "haproxy",
        arguments: HAPROXY,
        configuration: HAPROXY_CFG,
        form: "rfc9440",
        header: "Client-Cert",
        underscored: Verdict::RefusedByStatus(400),
    },
    Front {
        name: "Caddy, RFC 9440",
        program: "caddy",
        arguments: &["run", "--adapter", "caddyfile", "--config", "FILE_"],
        configuration: include_str!("proxies/Caddyfile"),
        form: "rfc9440",
        header: "Client-Cert",
        underscored: Verdict::Accepted, // it drops them
    },
    Front {
        name: "Envoy",
        program: "envoy",
        arguments: &[
            "-c",
            "FILE_",
            "--disable-hot-restart",
            "--log-level",
            "error",
        ],
        configuration: include_str!("proxies/envoy.yaml"),
        form: "envoy-xfcc",
        header: "X-Forwarded-Client-Cert",
        underscored: Verdict::RefusedByStatus(400),
    },
];

/// What our gateway writes.
struct Form {
    name: &'static str,
    header: &'static str,
    begins: &'static str,
}

const FORMS: &[Form] = &[
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
