//! Sessions that real clients offer again, after something has changed that they should not survive.

mod cases;
mod seen;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{fs, thread};

use anyhow::{Result, ensure};
use mtls_server::{
    ClientAuth, MtlsConfig, Resumption, Rule, ServerIdentity, SessionStorage, VirtualHost, files,
    verify::{Revocation, TrustAnchors},
};
use suite::process;

use self::cases::{Asked, CASES, Case, Change, Shows};
use self::seen::Seen;
use crate::issued::client_certificate;
use crate::report::group::RESUMPTION as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;
use crate::workbench::lab::Lab;
use crate::workbench::whoami::Whoami;

pub(crate) fn check(bench: &Bench<'_>, lab: &Lab, report: &mut Report) {
    for client in CLIENTS {
        for (storage, how) in [
            (SessionStorage::InMemory { sessions: 100 }, "in memory"),
            (SessionStorage::InTickets, "in tickets"),
        ] {
            if client.tickets_only && storage != SessionStorage::InTickets {
                continue;
            }
            let subject = format!("{}, {how}", client.name);
            for case in CASES {
                let seen = try_case(bench, lab, client, storage, case);
                report.push(GROUP, &subject, case.name, case.second.verdict(), seen);
            }
        }
    }
}

struct Client {
    name: &'static str,
    /// Goes by no session identifier of TLS 1.2.
    tickets_only: bool,
    ask: fn(&Bench<'_>, &Call<'_>) -> Result<process::Finished>,
    version: &'static str,
}

/// One connection, with the session of the last one in its file.
struct Call<'a> {
    version: &'static str,
    port: u16,
    name: &'static str,
    shown: Option<&'a (PathBuf, PathBuf)>,
    session: &'a Path,
}

/// Accepted only if the second connection is accepted in the way it is expected to be.
fn try_case(
    bench: &Bench<'_>,
    lab: &Lab,
    client: &Client,
    storage: SessionStorage,
    case: &Case,
) -> Result<(Verdict, String)> {
    let session = bench.scratch("session");
    if session.exists() {
        fs::remove_file(&session)?;
    }
    let shown = match case.shows {
        Shows::Nothing => None,
        Shows::Identity(stem) => Some(identity(lab, stem)),
        Shows::Brief => Some((brief(bench, lab)?, lab.path("same-ca/client.key"))),
    };
    let server = Whoami::start(config(lab, case.before, storage)?)?;
    let call = |name, shown| Call {
        version: client.version,
        port: server.port(),
        name,
        shown,
        session: &session,
    };
    let first = (client.ask)(bench, &call("localhost", shown.as_ref()))?;
    ensure!(
        Seen::of(&first) == Seen::Full,
        "the first connection: {}",
        first.reason()
    );
    ensure!(session.exists(), "the client got no session");

    let handle = server.serving.handle();
    let replace = |asked| -> Result<()> {
        let config = config(lab, asked, storage)?;
        server.runtime.block_on(handle.replace(config));
        Ok(())
    };
    match case.change {
        Change::None => {}
        Change::To(asked) => replace(asked)?,
        Change::ToAndBack(asked) => {
            replace(asked)?;
            replace(case.before)?;
        }
        Change::RevokeNow => {
            let client = Rule::common_name("client1");
            server.runtime.block_on(handle.revoke_now(client));
        }
        Change::Wait => thread::sleep(BRIEF + Duration::from_secs(1)),
    }

    let shown = shown.as_ref().filter(|_| case.shows_again);
    let second = (client.ask)(bench, &call(case.second_name, shown))?;
    let seen = Seen::of(&second);
    let words = second.stdout.clone() + &second.stderr;
    match seen {
        // By an alert, and not by a server that was not there.
        Seen::Refused => ensure!(
            ALERTS.iter().any(|alert| words.contains(alert)),
            "{}",
            second.reason()
        ),
        Seen::Resumed | Seen::Full => ensure!(
            case.second.verdict() == Verdict::Refused || seen == case.second,
            "it was {seen:?}, not {:?}",
            case.second
        ),
    }
    Ok((seen.verdict(), format!("{seen:?}: {}", second.reason())))
}

/// `localhost` as asked; `open.localhost` accepts everybody, `closed.localhost` none of these.
fn config(lab: &Lab, asked: Asked, storage: SessionStorage) -> Result<MtlsConfig> {
    let own = || files::client_roots(lab.path("same-ca/ca.crt"));
    let other = || files::client_roots(lab.path("different-ca/client-ca.crt"));
    let identity = || {
        ServerIdentity::from_files(
            lab.path("same-ca/server.crt"),
            lab.path("same-ca/server.key"),
        )
    };
    let roots: TrustAnchors = match asked {
        Asked::OtherRoot => other()?,
        _ => own()?,
    };
    let mut builder = MtlsConfig::builder(identity()?, roots);
    match asked {
        Asked::Nothing => builder = builder.client_auth(ClientAuth::Optional),
        Asked::NotRevoked => {
            let lists = files::crls([lab.path("same-ca/ca.crl")])?;
            builder = builder.revocation(Revocation::new(lists));
        }
        Asked::Certificate | Asked::OtherRoot => {}
    }
    let open = VirtualHost::new(identity()?, own()?).client_auth(ClientAuth::Optional);
    let resumption = Resumption::Revalidate {
        ttl: Duration::from_secs(600),
        storage,
    };
    Ok(builder
        .virtual_host("open.localhost", open)
        .virtual_host("closed.localhost", VirtualHost::new(identity()?, other()?))
        .resumption(resumption)
        .build()?)
}

fn identity(lab: &Lab, stem: &str) -> (PathBuf, PathBuf) {
    let path = |end| lab.path(&format!("{stem}.{end}"));
    (path("crt"), path("key"))
}

/// A client certificate that ends soon, for the key of `same-ca/client.key`.
fn brief(bench: &Bench<'_>, lab: &Lab) -> Result<PathBuf> {
    let certificate = bench.scratch("brief.crt");
    client_certificate::write(bench, lab, "brief", BRIEF, &certificate)?;
    Ok(certificate)
}

fn openssl(bench: &Bench<'_>, call: &Call<'_>) -> Result<process::Finished> {
    let mut command = bench.peers.command("openssl");
    command.args([
        "s_client",
        &format!("-tls{}", call.version.replace('.', "_")),
    ]);
    command.args(["-connect", &format!("127.0.0.1:{}", call.port)]);
    command.args(["-servername", call.name]);
    if let Some((cert, key)) = call.shown {
        command.arg("-cert").arg(cert).arg("-key").arg(key);
    }
    if call.session.exists() {
        command.arg("-sess_in").arg(call.session);
    }
    command.arg("-sess_out").arg(call.session);
    let name = call.name;
    let request = format!("GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
    process::run(&mut command, Some(&request))
}

fn go(bench: &Bench<'_>, call: &Call<'_>) -> Result<process::Finished> {
    let program = bench.scratch("resume");
    if !program.exists() {
        let mut build = bench.peers.command("go");
        build.args(["build", "-o"]).arg(&program);
        let said = process::run(build.arg(source("resume.go")), None)?;
        ensure!(said.success(), "go build: {}", said.stderr);
    }
    call.of(Command::new(program))
}

fn node(bench: &Bench<'_>, call: &Call<'_>) -> Result<process::Finished> {
    let mut command = bench.peers.command("node");
    command.arg(source("resume.mjs"));
    call.of(command)
}

fn source(name: &str) -> PathBuf {
    suite::workspace()
        .join("xtask/interop/src/clients/resumption")
        .join(name)
}

impl Call<'_> {
    /// Runs a program of ours that takes PORT NAME VERSION CERT KEY SESSION.
    fn of(&self, mut program: Command) -> Result<process::Finished> {
        program.args([&self.port.to_string(), self.name, self.version]);
        match self.shown {
            Some((cert, key)) => program.arg(cert).arg(key),
            None => program.args(["", ""]),
        };
        process::run(program.arg(self.session), None)
    }
}

/// What clients say when they got one.
const ALERTS: &[&str] = &["SSL alert number", "remote error: tls:"];

/// Long enough for one connection.
const BRIEF: Duration = Duration::from_secs(4);

const CLIENTS: &[Client] = &[
    Client {
        name: "openssl, TLS 1.2",
        tickets_only: false,
        ask: openssl,
        version: "1.2",
    },
    Client {
        name: "openssl, TLS 1.3",
        tickets_only: false,
        ask: openssl,
        version: "1.3",
    },
    Client {
        name: "Go, TLS 1.2",
        tickets_only: true,
        ask: go,
        version: "1.2",
    },
    Client {
        name: "Go, TLS 1.3",
        tickets_only: false,
        ask: go,
        version: "1.3",
    },
    Client {
        name: "Node, TLS 1.2",
        tickets_only: false,
        ask: node,
        version: "1.2",
    },
    Client {
        name: "Node, TLS 1.3",
        tickets_only: false,
        ask: node,
        version: "1.3",
    },
];
