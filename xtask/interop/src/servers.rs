//! The emitted server files, each started as its header says, and asked with every certificate of the lab.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use suite::process::{self, Server};

use super::Bench;
use super::headers::Echo;
use super::lab::{Lab, PASSWORD};
use super::own::Own;
use super::report::{Report, Verdict};
use crate::clients::curl::{self, Shown};

/// What is known of a server.
struct Known {
    name: &'static str,
    /// What a client with a missing or bad certificate gets.
    refusal: Verdict,
    /// Bad certificates that this server takes all the same, shown in the table as they are.
    takes: &'static [&'static str],
    /// The header that tells its backend who the client is.
    forwards: Option<&'static str>,
}

/// A server of somebody else, and how it is started.
pub(crate) struct Peer {
    known: Known,
    program: &'static str,
    /// From the lab's directory; `PORT` and `BACKEND` in them are replaced.
    arguments: &'static [&'static str],
    ports: Ports,
}

/// How a server is told its port and its backend's.
enum Ports {
    /// By `PORT` in its arguments.
    Arguments,
    /// By `PORT` and `BACKEND` in the environment.
    Environment,
    /// By changing these texts in its file, as the file's header says.
    File {
        file: &'static str,
        port: &'static str,
        backend: &'static str,
    },
}

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

/// The server of somebody else that is called `name`.
pub(super) fn peer(name: &str) -> Option<&'static Peer> {
    PEERS.iter().find(|peer| peer.known.name == name)
}

/// Starts `peer` in `lab`, once: its port is written into its file.
pub(super) fn start(bench: &Bench<'_>, lab: &Lab, peer: &Peer, backend: u16) -> Result<Server> {
    let [port] = process::free_ports()?;
    let root = lab.path("");
    let mut command: Command = bench.peers.command(peer.program);
    command.current_dir(&root);
    for argument in peer.arguments {
        let argument = argument.replace("LAB", &root.to_string_lossy());
        command.arg(
            argument
                .replace("PORT_", &port.to_string())
                .replace("BACKEND_", &backend.to_string()),
        );
    }
    // As the lab has it: whoever starts the server next finds the port again.
    let mut emitted = None;
    match peer.ports {
        Ports::Arguments => {}
        Ports::Environment => {
            command
                .env("PORT", port.to_string())
                .env("BACKEND", format!("127.0.0.1:{backend}"));
        }
        Ports::File {
            file,
            port: marked_port,
            backend: marked_backend,
        } => {
            let path = lab.path(file);
            let text = fs::read_to_string(&path).with_context(|| format!("reading {file}"))?;
            ensure!(
                text.contains(marked_port) && text.contains(marked_backend),
                "{file} has no port to change"
            );
            let with = |marked: &str, port: u16| {
                let words = marked.trim_end_matches(|c: char| c.is_ascii_digit());
                format!("{words}{port}")
            };
            let changed = text
                .replace(marked_port, &with(marked_port, port))
                .replace(marked_backend, &with(marked_backend, backend));
            fs::write(&path, changed)?;
            emitted = Some((path, text));
        }
    }
    // It reads the file while it starts, and not again.
    let server = Server::start(&mut command, port);
    if let Some((path, text)) = emitted {
        fs::write(path, text)?;
    }
    server
}

const GROUP: &str = "servers";

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

/// The one that takes none of them.
const OURS: &Known = &Known {
    name: "hello (ours)",
    refusal: Verdict::RefusedInTls,
    takes: &[],
    forwards: None,
};

/// Node with an OpenSSL that knows ML-DSA.
pub(crate) const NODE_26: Peer = Peer {
    known: Known {
        name: "server.mjs by Node 26",
        refusal: Verdict::RefusedInTls,
        takes: &["no-usage"],
        forwards: None,
    },
    program: "node26",
    arguments: &["servers/server.mjs"],
    ports: Ports::Environment,
};

const PEERS: &[Peer] = &[
    Peer {
        known: Known {
            name: "nginx",
            refusal: Verdict::RefusedByStatus(400),
            takes: &["no-usage", "ca-as-leaf"],
            forwards: Some("X-SSL-Client-Subject"),
        },
        program: "nginx",
        arguments: &["-p", ".", "-e", "stderr", "-c", "servers/nginx.conf"],
        ports: Ports::File {
            file: "servers/nginx.conf",
            port: "127.0.0.1:8443",
            backend: "127.0.0.1:3000",
        },
    },
    Peer {
        known: Known {
            name: "Apache",
            refusal: Verdict::RefusedInTls,
            takes: &["no-usage", "ca-as-leaf"],
            forwards: Some("X-SSL-Client-Subject"),
        },
        program: "apache2",
        arguments: &[
            "-C",
            "Define PORT PORT_",
            "-C",
            "Define BACKEND http://127.0.0.1:BACKEND_",
            "-d",
            "LAB",
            "-f",
            "servers/apache.conf",
            "-DFOREGROUND",
        ],
        ports: Ports::Arguments,
    },
    Peer {
        known: Known {
            name: "HAProxy",
            refusal: Verdict::RefusedInTls,
            takes: &["no-usage", "ca-as-leaf"],
            forwards: Some("X-SSL-Client-Subject"),
        },
        program: "haproxy",
        arguments: &["-db", "-f", "servers/haproxy.cfg"],
        ports: Ports::Environment,
    },
    Peer {
        known: Known {
            name: "Envoy",
            refusal: Verdict::RefusedInTls,
            takes: &["no-usage", "ca-as-leaf"],
            forwards: Some("X-Forwarded-Client-Cert"),
        },
        program: "envoy",
        arguments: &[
            "-c",
            "servers/envoy.yaml",
            "--disable-hot-restart",
            "--log-level",
            "error",
        ],
        ports: Ports::File {
            file: "servers/envoy.yaml",
            port: "port_value: 8443",
            backend: "port_value: 3000",
        },
    },
    Peer {
        known: Known {
            name: "Caddy",
            refusal: Verdict::RefusedInTls,
            takes: &["no-usage", "revoked", "ca-as-leaf"], // it reads no CRL
            forwards: Some("X-SSL-Client-Subject"),
        },
        program: "caddy",
        arguments: &[
            "run",
            "--config",
            "servers/Caddyfile",
            "--adapter",
            "caddyfile",
        ],
        ports: Ports::Environment,
    },
    Peer {
        known: Known {
            name: "Node",
            refusal: Verdict::RefusedInTls,
            takes: &["no-usage", "ca-as-leaf"],
            forwards: None,
        },
        program: "node",
        arguments: &["servers/server.mjs"],
        ports: Ports::Environment,
    },
    Peer {
        known: Known {
            name: "openssl s_server",
            refusal: Verdict::RefusedInTls,
            takes: &["no-usage", "ca-as-leaf"],
            forwards: None,
        },
        program: "openssl",
        arguments: S_SERVER,
        ports: Ports::Arguments,
    },
];

const S_SERVER: &[&str] = &[
    "s_server",
    "-accept",
    "127.0.0.1:PORT_",
    "-cert",
    "same-ca/server.crt",
    "-key",
    "same-ca/server.key",
    "-CAfile",
    "same-ca/ca.crt",
    "-CRL",
    "same-ca/ca.crl",
    "-crl_check",
    "-Verify",
    "2",
    "-verify_return_error",
    "-www",
];
