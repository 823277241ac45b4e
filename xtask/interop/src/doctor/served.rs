//! The servers, and how each is changed.

use std::fs;

use anyhow::{Result, ensure};
use suite::process::{self, Server};

use super::change::{Change, replaced};
use crate::servers;
use crate::workbench::Bench;
use crate::workbench::lab::Lab;

/// A server that serves a copy of the lab.
pub(super) trait ServerUnderTest: Sync {
    fn name(&self) -> &'static str;
    /// Whether all of these can be done to it.
    fn can(&self, changes: &[Change]) -> bool;
    fn start(&self, bench: &Bench<'_>, lab: &Lab, changes: &[Change]) -> Result<Server>;
}

/// One of somebody else, by the file that the lab emits for it.
struct Emitted {
    name: &'static str,
    file: &'static str,
    edits: fn(Change) -> Option<Edits>,
}

/// What is replaced in the file, and by what.
type Edits = &'static [(&'static str, &'static str)];

/// Ours, the example `hello`.
struct Ours;

/// A Go server, written here.
struct Go;

pub(super) const SERVERS: &[&dyn ServerUnderTest] = &[
    &Emitted {
        name: "nginx",
        file: "servers/nginx.conf",
        edits: nginx,
    },
    &Emitted {
        name: "Apache",
        file: "servers/apache.conf",
        edits: apache,
    },
    &Emitted {
        name: "HAProxy",
        file: "servers/haproxy.cfg",
        edits: haproxy,
    },
    &Emitted {
        name: "Envoy",
        file: "servers/envoy.yaml",
        edits: envoy,
    },
    &Emitted {
        name: "Caddy",
        file: "servers/Caddyfile",
        edits: caddy,
    },
    &Emitted {
        name: "Node",
        file: "servers/server.mjs",
        edits: node,
    },
    &Go,
    &Ours,
];

/// What is done to files alone.
fn in_files(change: Change) -> bool {
    matches!(
        change,
        Change::ExpiredCrl | Change::OtherClientCa | Change::RootOfChain | Change::Server(_)
    )
}

impl ServerUnderTest for Emitted {
    fn name(&self) -> &'static str {
        self.name
    }

    fn can(&self, changes: &[Change]) -> bool {
        changes
            .iter()
            .all(|change| in_files(*change) || (self.edits)(*change).is_some())
    }

    fn start(&self, bench: &Bench<'_>, lab: &Lab, changes: &[Change]) -> Result<Server> {
        let mut text = fs::read_to_string(lab.path(self.file))?;
        for change in changes {
            text = replaced(text, (self.edits)(*change).unwrap_or_default())?;
        }
        fs::write(lab.path(self.file), text)?;
        let peer = servers::peer(self.name);
        let peer = peer.ok_or_else(|| anyhow::anyhow!("no server is called {}", self.name))?;
        servers::start(bench, lab, peer, 1)
    }
}

impl ServerUnderTest for Ours {
    fn name(&self) -> &'static str {
        "ours"
    }

    fn can(&self, changes: &[Change]) -> bool {
        let known = |change: &Change| in_files(*change) || matches!(change, Change::NoCrl);
        changes.iter().all(known)
    }

    fn start(&self, bench: &Bench<'_>, lab: &Lab, changes: &[Change]) -> Result<Server> {
        let mut files = lab.server_files();
        if changes.contains(&Change::NoCrl) {
            files.crl = None;
        }
        bench.own()?.serve(&files)
    }
}

impl ServerUnderTest for Go {
    fn name(&self) -> &'static str {
        "Go"
    }

    fn can(&self, changes: &[Change]) -> bool {
        let known = |change: &Change| {
            in_files(*change)
                || matches!(
                    change,
                    Change::Any
                        | Change::NoCrl
                        | Change::Optional
                        | Change::Tls12Only
                        | Change::VerifyOff
                )
        };
        changes.iter().all(known)
    }

    fn start(&self, bench: &Bench<'_>, lab: &Lab, changes: &[Change]) -> Result<Server> {
        let program = bench.scratch("doctor-go-server");
        if !program.is_file() {
            let source = bench.write("doctor_server.go", GO)?;
            let mut build = bench.peers.command("go");
            build.args(["build", "-o"]).arg(&program).arg(source);
            let said = process::run(&mut build, None)?;
            ensure!(said.success(), "go build: {}", said.stderr);
        }
        let [port] = process::free_ports()?;
        let mode = changes.iter().find_map(|change| match change {
            Change::Any => Some("any"),
            Change::Optional => Some("optional"),
            Change::VerifyOff => Some("off"),
            _ => None,
        });
        let mut command = std::process::Command::new(program);
        command
            .current_dir(lab.path(""))
            .env("PORT", port.to_string())
            .env("CLIENTS", mode.unwrap_or("required"))
            .env(
                "TLS",
                if changes.contains(&Change::Tls12Only) {
                    "1.2"
                } else {
                    "1.3"
                },
            );
        Server::start(&mut command, port)
    }
}

const GO: &str = include_str!("server.go");

fn nginx(change: Change) -> Option<Edits> {
    const ON: &str = "ssl_verify_client on;";
    Some(match change {
        Change::Any => &[(ON, "ssl_verify_client optional_no_ca;")],
        Change::Depth => &[("ssl_verify_depth 2;", "ssl_verify_depth 0;")],
        Change::NoCrl => &[("ssl_crl ", "# ssl_crl ")],
        Change::Optional => &[(ON, "ssl_verify_client optional;")],
        Change::OtherHints => &[(
            "ssl_client_certificate ../same-ca/ca.crt;",
            "ssl_client_certificate ../different-ca/client-ca.crt; ssl_trusted_certificate ../same-ca/ca.crt;",
        )],
        Change::PlainHttp => &[(" ssl; # PORT", "; # PORT")],
        Change::Tls12Only => &[("TLSv1.2 TLSv1.3;", "TLSv1.2;")],
        Change::VerifyOff => &[(ON, "ssl_verify_client off;")],
        _ => return None,
    })
}

fn apache(change: Change) -> Option<Edits> {
    const REQUIRE: &str = "SSLVerifyClient require";
    Some(match change {
        Change::Any => &[
            (REQUIRE, "SSLVerifyClient optional_no_ca"),
            ("SSLCARevocationCheck  chain", "SSLCARevocationCheck none"),
        ],
        // Without the rule that answers before anybody asks who it is.
        Change::ByLocation => &[
            (
                REQUIRE,
                "SSLVerifyClient none\n<Location \"/\">\nSSLVerifyClient require\n</Location>",
            ),
            ("RewriteRule !^/api/ - [R=200,L]", ""),
        ],
        Change::Depth => &[("SSLVerifyDepth 2", "SSLVerifyDepth 0")],
        Change::NoCrl => &[("SSLCARevocationCheck  chain", "SSLCARevocationCheck none")],
        Change::Optional => &[(REQUIRE, "SSLVerifyClient optional")],
        Change::OtherHints => &[(
            "SSLCACertificateFile  same-ca/ca.crt",
            "SSLCACertificateFile same-ca/ca.crt\nSSLCADNRequestFile different-ca/client-ca.crt",
        )],
        Change::PlainHttp => &[("SSLEngine on", "SSLEngine off")],
        Change::Tls12Only => &[("+TLSv1.2 +TLSv1.3", "+TLSv1.2")],
        Change::VerifyOff => &[(REQUIRE, "SSLVerifyClient none")],
        _ => return None,
    })
}

fn haproxy(change: Change) -> Option<Edits> {
    const REQUIRED: &str = "verify required";
    Some(match change {
        Change::Any => &[(
            REQUIRED,
            "verify required crt-ignore-err all ca-ignore-err all",
        )],
        Change::NoCrl => &[(" crl-file same-ca/ca.crl", "")],
        Change::Optional => &[(REQUIRED, "verify optional")],
        Change::OtherHints => &[(
            "ca-file same-ca/ca.crt",
            "ca-file different-ca/client-ca.crt ca-verify-file same-ca/ca.crt",
        )],
        Change::PlainHttp => &[(
            " ssl crt same-ca/server.crt ca-file same-ca/ca.crt crl-file same-ca/ca.crl verify required alpn h2,http/1.1",
            "",
        )],
        Change::Tls12Only => &[(
            "ssl-min-ver TLSv1.2",
            "ssl-min-ver TLSv1.2 ssl-max-ver TLSv1.2",
        )],
        Change::VerifyOff => &[(REQUIRED, "verify none")],
        _ => return None,
    })
}

fn envoy(change: Change) -> Option<Edits> {
    const REQUIRE: &str = "require_client_certificate: true";
    const CONTEXT: &str = "                validation_context:\n                  trusted_ca: { filename: same-ca/ca.crt }\n                  crl: { filename: same-ca/ca.crl }\n                  max_verify_depth: 2\n";
    Some(match change {
        Change::Any => &[(
            "max_verify_depth: 2",
            "trust_chain_verification: ACCEPT_UNTRUSTED",
        )],
        Change::Depth => &[("max_verify_depth: 2", "max_verify_depth: 0")],
        Change::NoCrl => &[("                  crl: { filename: same-ca/ca.crl }\n", "")],
        Change::Optional => &[(REQUIRE, "require_client_certificate: false")],
        Change::Tls12Only => &[("TLSv1_3", "TLSv1_2")],
        Change::VerifyOff => &[
            (REQUIRE, "require_client_certificate: false"),
            (CONTEXT, ""),
        ],
        _ => return None,
    })
}

fn caddy(change: Change) -> Option<Edits> {
    const MODE: &str = "mode require_and_verify";
    Some(match change {
        Change::Any => &[(MODE, "mode require")],
        Change::NoCrl => &[],
        Change::Optional => &[(MODE, "mode verify_if_given")],
        Change::Tls12Only => &[("protocols tls1.2 tls1.3", "protocols tls1.2 tls1.2")],
        Change::VerifyOff => &[(
            "\t\tclient_auth {\n\t\t\tmode require_and_verify\n\t\t\ttrust_pool file same-ca/ca.crt\n\t\t}\n",
            "",
        )],
        _ => return None,
    })
}

/// Where there may be no certificate, the greeting has no name.
const NAMELESS: (&str, &str) = (".subject.CN", ".subject?.CN");

fn node(change: Change) -> Option<Edits> {
    Some(match change {
        Change::Any => &[
            ("rejectUnauthorized: true", "rejectUnauthorized: false"),
            NAMELESS,
        ],
        Change::NoCrl => &[("  crl: readFileSync('same-ca/ca.crl'),\n", "")],
        Change::Tls12Only => &[(
            "minVersion: 'TLSv1.2',",
            "minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2',",
        )],
        Change::VerifyOff => &[("requestCert: true", "requestCert: false"), NAMELESS],
        _ => return None,
    })
}
