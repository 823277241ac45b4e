//! The emitted client files and other people's clients, each asking our server with good and bad certificates.

pub(crate) mod browser;
pub(crate) mod call;
pub(crate) mod curl;
pub(crate) mod handshakes;
pub(crate) mod names;
pub(crate) mod resumption;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use suite::process::{self, Finished};
use suite::{peers, workspace};

use call::Call;

use crate::report::group::CLIENTS as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;
use crate::workbench::lab::{Lab, PASSWORD};

struct Client {
    name: &'static str,
    ask: Ask,
}

enum Ask {
    /// One of the lab's files: the words that start it in the lab's directory.
    File(&'static [&'static str]),
    Program(fn(&Bench<'_>, &Call) -> Result<Finished>),
}

pub(crate) fn check(bench: &Bench<'_>, lab: &Lab, report: &mut Report) {
    let server = bench.own().and_then(|own| own.serve(&lab.server_files()));

    for client in CLIENTS {
        for (case, ca, stem, expected) in CASES {
            let seen = (|| {
                let p12 = bundle(bench, lab, stem)?;
                let call = Call::to_ours(&server, lab, ca, stem, p12)?;
                let said = match client.ask {
                    Ask::File(words) => emitted(bench, lab, &call, words)?,
                    Ask::Program(ask) => ask(bench, &call)?,
                };
                judge(&said)
            })();
            report.push(GROUP, client.name, case, *expected, seen);
        }
    }
}

/// Accepted is the greeting, refused is anything else that is not about a missing program or server.
pub(crate) fn judge(said: &Finished) -> Result<(Verdict, String)> {
    let words = said.stdout.clone() + &said.stderr;
    ensure!(
        !NO_REFUSAL.iter().any(|what| words.contains(what)),
        "{}",
        said.reason()
    );
    Ok(if said.stdout.contains("Hello client1") {
        (Verdict::Accepted, "Hello client1".to_owned())
    } else {
        (Verdict::Refused, said.reason())
    })
}

/// The bundle of an identity: the lab's own, or one that openssl makes of the bad ones, which the lab does not bundle.
pub(crate) fn bundle(bench: &Bench<'_>, lab: &Lab, stem: &str) -> Result<PathBuf> {
    let own = lab.path(&format!("{stem}.p12"));
    if own.is_file() {
        return Ok(own);
    }
    let made = bench.scratch(&format!("{}.p12", stem.replace('/', "-")));
    if !made.is_file() {
        let mut openssl = bench.peers.command("openssl");
        openssl.args([
            "pkcs12",
            "-export",
            "-passout",
            &format!("pass:{PASSWORD}"),
            "-name",
            "client",
            "-out",
        ]);
        openssl.arg(&made).args([
            "-in",
            &lab.arg(&format!("{stem}.crt")),
            "-inkey",
            &lab.arg(&format!("{stem}.key")),
        ]);
        let said = process::run(&mut openssl, None)?;
        ensure!(
            said.success(),
            "openssl made no bundle of {stem}: {}",
            said.reason()
        );
    }
    Ok(made)
}

/// Runs one of the lab's client files as its header says, with the files of `call` in the environment.
pub(crate) fn emitted(
    bench: &Bench<'_>,
    lab: &Lab,
    call: &Call,
    words: &[&str],
) -> Result<Finished> {
    let mut command = bench.peers.command(words[0]);
    command
        .args(&words[1..])
        .arg(&call.url)
        .current_dir(lab.path(""))
        .env("MTLS_CA", &call.ca)
        .env("MTLS_CERT", &call.cert)
        .env("MTLS_KEY", &call.key)
        .env("MTLS_P12", &call.p12)
        .env("MTLS_P12_PASSWORD", PASSWORD);
    let said = process::run(&mut command, None)?;
    // Each promises one line that says so when it is refused.
    ensure!(
        said.success() || said.stderr.contains("refused: "),
        "{}",
        said.reason()
    );
    Ok(said)
}

fn s_client(bench: &Bench<'_>, call: &Call, version: &str) -> Result<Finished> {
    let mut command = bench.peers.command("openssl");
    command.args([
        "s_client",
        "-quiet",
        version,
        "-verify_return_error",
        "-verify_hostname",
        "localhost",
    ]);
    command
        .args([
            "-servername",
            "localhost",
            "-connect",
            &format!("127.0.0.1:{}", call.port),
            "-CAfile",
        ])
        .arg(&call.ca);
    process::run(
        command
            .arg("-cert")
            .arg(&call.cert)
            .arg("-key")
            .arg(&call.key),
        Some(REQUEST),
    )
}

fn gnutls_cli(bench: &Bench<'_>, call: &Call) -> Result<Finished> {
    let mut command = bench.peers.command("gnutls-cli");
    command
        .args(["--port", &call.port.to_string(), "--x509cafile"])
        .arg(&call.ca);
    command
        .arg("--x509certfile")
        .arg(&call.cert)
        .arg("--x509keyfile")
        .arg(&call.key)
        .arg("localhost");
    process::run(&mut command, Some(REQUEST))
}

fn okhttp(bench: &Bench<'_>, call: &Call) -> Result<Finished> {
    let mut command = bench.peers.command("java");
    command.args(["-cp", &format!("{}:{}", peers::OKHTTP, peers::OKIO)]);
    command.arg(workspace().join("xtask/interop/src/clients/OkHttpGet.java"));
    command
        .arg(&call.url)
        .arg(&call.ca)
        .arg(&call.p12)
        .arg(PASSWORD);
    let said = process::run(&mut command, None)?;
    ensure!(
        said.success() || said.stderr.contains("refused: "),
        "{}",
        said.reason()
    );
    Ok(said)
}

/// For clients that speak TLS only.
const REQUEST: &str = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// What a client says when nobody refused it anything: no server, no file, no module.
const NO_REFUSAL: &[&str] = &[
    "Connection refused",
    "connection refused",
    "ECONNREFUSED",
    "ConnectException",
    "ERR_CONNECTION_REFUSED",
    "No such file",
    "ModuleNotFoundError",
    "ENOENT",
];

/// Case, whom the client trusts, what it shows, what should come of it. The last repeats the first: the refusals
/// before it were not a server that had died.
pub(crate) const CASES: &[(&str, &str, &str, Verdict)] = &[
    (
        "good",
        "same-ca/ca.crt",
        "same-ca/client",
        Verdict::Accepted,
    ),
    (
        "untrusted-ca",
        "same-ca/ca.crt",
        "refused/untrusted-ca/client",
        Verdict::Refused,
    ),
    (
        "expired",
        "same-ca/ca.crt",
        "refused/expired/client",
        Verdict::Refused,
    ),
    (
        "no-usage",
        "same-ca/ca.crt",
        "refused/no-usage/client",
        Verdict::Refused,
    ),
    (
        "revoked",
        "same-ca/ca.crt",
        "refused/revoked/client",
        Verdict::Refused,
    ),
    (
        "server of another root",
        "different-ca/server-ca.crt",
        "same-ca/client",
        Verdict::Refused,
    ),
    (
        "good again",
        "same-ca/ca.crt",
        "same-ca/client",
        Verdict::Accepted,
    ),
];

const CLIENTS: &[Client] = &[
    Client {
        name: "curl.sh",
        ask: Ask::File(&["bash", "clients/curl.sh"]),
    },
    Client {
        name: "client.py",
        ask: Ask::File(&["python", "clients/client.py"]),
    },
    Client {
        name: "client.mjs",
        ask: Ask::File(&["node", "clients/client.mjs"]),
    },
    Client {
        name: "Client.java",
        ask: Ask::File(&["java", "clients/Client.java"]),
    },
    Client {
        name: "client.go",
        ask: Ask::File(&["go", "run", "clients/client.go"]),
    },
    Client {
        name: "openssl, TLS 1.2",
        ask: Ask::Program(|bench, call| s_client(bench, call, "-tls1_2")),
    },
    Client {
        name: "openssl, TLS 1.3",
        ask: Ask::Program(|bench, call| s_client(bench, call, "-tls1_3")),
    },
    Client {
        name: "gnutls-cli",
        ask: Ask::Program(gnutls_cli),
    },
    Client {
        name: "OkHttp",
        ask: Ask::Program(okhttp),
    },
    Client {
        name: "Chromium",
        ask: Ask::Program(browser::ask),
    },
];
