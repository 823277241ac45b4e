//! Every kind of failure that our client tells apart, against the servers of five TLS stacks: rustls, OpenSSL,
//! nginx, Go (Caddy) and BoringSSL (Envoy).
//!
//! Each case is tried with both TLS versions, HTTP/1.1 and, where the server has it, HTTP/2, without a body and
//! while 256 KiB of one are written. The kind has to be the same in all of them.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use mtls_client::{Connector, CrlSet, Error, Pin, PinSet, Revocation, TlsVersions};
use mtls_lab::KeyType;
use pki_core::verify::RevocationReason;
use pki_core::{Authority, CrlBuilder, KeyPair};
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use suite::process::Server;
use time::OffsetDateTime;
use tokio::runtime::Runtime;
use x509_identity::Certificate;

use super::identity::{identity, read, roots};
use super::sessions;
use crate::report::group::REFUSALS as GROUP;
use crate::report::{Report, Verdict};
use crate::servers;
use crate::workbench::Bench;
use crate::workbench::headers::Echo;
use crate::workbench::lab::Lab;

/// What is asked, and what has to become of it.
struct Case {
    name: &'static str,
    /// Whose certificate is shown.
    identity: &'static str,
    roots: &'static str,
    twist: Twist,
    /// The kind of the error; `None` if there is an answer.
    kind: Option<&'static str>,
}

/// What else is special.
#[derive(Clone, Copy, PartialEq)]
enum Twist {
    Nothing,
    /// The client's clock is three years ahead, when the server's certificate has ended.
    Later,
    /// The server is dialled by an address that its certificate is not for, and which no server is told.
    OtherAddress,
    /// The same by a name, which is sent.
    OtherName,
    /// A pin that no key has.
    Pin,
    /// A CRL with the server's certificate in it.
    Revoked,
}

/// A server, and where it differs.
struct Known {
    name: &'static str,
    /// The cases that end otherwise with it, and how.
    differs: &'static [(&'static str, Option<&'static str>)],
    /// Whether it answers a request with a body.
    takes_bodies: bool,
    /// What to change in its file of the lab, where sessions are off, for it to keep some: the file, the line and
    /// the one in its place. `None` if it keeps none.
    sessions: Option<&'static [Change]>,
}

type Change = (&'static str, &'static str, &'static str);

const SERVERS: &[Known] = &[
    Known {
        name: "hello (ours)",
        differs: &[],
        takes_bodies: true,
        sessions: None,
    },
    Known {
        name: "openssl s_server",
        differs: &[],
        takes_bodies: false, // its -www knows GET alone
        sessions: Some(&[]),
    },
    Known {
        name: "nginx",
        differs: &[],
        takes_bodies: true,
        sessions: Some(&[(
            "servers/nginx.conf",
            "ssl_session_tickets off;",
            "ssl_session_tickets on;",
        )]),
    },
    Known {
        name: "Caddy",
        differs: &[
            ("our certificate is revoked", None), // it reads no CRL
            // It has no certificate for that name, and says internal_error as Go does.
            ("the server has another name", Some("protocol")),
        ],
        takes_bodies: true,
        sessions: None,
    },
    Known {
        name: "Envoy",
        differs: &[],
        takes_bodies: true,
        sessions: Some(&[(
            "servers/envoy.yaml",
            "disable_stateless_session_resumption: true",
            "disable_stateless_session_resumption: false",
        )]),
    },
];

const fn ours(name: &'static str, identity: &'static str) -> Case {
    Case {
        name,
        identity,
        roots: "same-ca/ca.crt",
        twist: Twist::Nothing,
        kind: Some("identity-rejected"),
    }
}

const fn theirs(name: &'static str, twist: Twist, kind: &'static str) -> Case {
    Case {
        name,
        identity: "same-ca/client",
        roots: "same-ca/ca.crt",
        twist,
        kind: Some(kind),
    }
}

const CASES: &[Case] = &[
    Case {
        kind: None,
        ..ours("all is well", "same-ca/client")
    },
    ours(
        "our certificate is of another CA",
        "refused/untrusted-ca/client",
    ),
    ours(
        "our certificate is self-signed",
        "refused/self-signed/client",
    ),
    ours("our certificate is expired", "refused/expired/client"),
    ours(
        "our certificate is not yet valid",
        "refused/not-yet-valid/client",
    ),
    ours(
        "our certificate is a server's",
        "refused/wrong-usage/client",
    ),
    ours("our certificate is revoked", "refused/revoked/client"),
    Case {
        roots: "different-ca/server-ca.crt",
        ..theirs(
            "the server is of another root",
            Twist::Nothing,
            "untrusted-server",
        )
    },
    theirs(
        "the server has another address",
        Twist::OtherAddress,
        "name-mismatch",
    ),
    theirs(
        "the server has another name",
        Twist::OtherName,
        "name-mismatch",
    ),
    theirs("the server is expired", Twist::Later, "expired"),
    theirs("the server is not pinned", Twist::Pin, "pin-mismatch"),
    theirs("the server is revoked", Twist::Revoked, "revoked"),
];

pub(crate) fn check(bench: &Bench<'_>, report: &mut Report) {
    // Starting a server writes its port into its file, so these have a lab of their own.
    let prepared =
        Lab::make(KeyType::Ec).and_then(|lab| Ok((lab, Echo::start()?, Runtime::new()?)));
    let (lab, backend, runtime) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return report.push(GROUP, "all", "starts", Verdict::Accepted, Err(error)),
    };
    for known in SERVERS {
        match start(bench, &lab, known, backend.port()) {
            Ok(server) => check_server(&lab, &runtime, report, known, server),
            Err(error) => report.push(GROUP, known.name, "starts", Verdict::Accepted, Err(error)),
        }
    }
}

fn start(bench: &Bench<'_>, lab: &Lab, known: &Known, backend: u16) -> Result<Server> {
    for (file, line, other) in known.sessions.unwrap_or_default() {
        let text = String::from_utf8(read(lab, file)?)?;
        ensure!(text.contains(line), "{file} has no {line}");
        fs::write(lab.path(file), text.replace(line, other))?;
    }
    match servers::peer(known.name) {
        Some(peer) => servers::start(bench, lab, peer, backend),
        None => bench.own()?.serve(&lab.server_files()),
    }
}

fn check_server(lab: &Lab, runtime: &Runtime, report: &mut Report, known: &Known, server: Server) {
    let port = server.port();
    let again = Case {
        kind: None,
        ..ours("all is well, still", "same-ca/client")
    };
    for case in CASES.iter().chain([&again]) {
        let other = known.differs.iter().find(|(name, _)| *name == case.name);
        let kind = other.map_or(case.kind, |(_, kind)| *kind);
        let seen = runtime.block_on(try_all(lab, known, case, kind, port));
        report.push(GROUP, known.name, case.name, verdict(kind), seen);
    }
    if known.sessions.is_some() {
        sessions::check_server(lab, runtime, report, known.name, port);
    }
    drop(server);
    let gone = Case {
        kind: Some("connect"),
        ..ours("the server is gone", "same-ca/client")
    };
    let seen = runtime.block_on(try_all(lab, known, &gone, gone.kind, port));
    report.push(GROUP, known.name, gone.name, Verdict::Refused, seen);
}

fn verdict(kind: Option<&str>) -> Verdict {
    match kind {
        Some(_) => Verdict::Refused,
        None => Verdict::Accepted,
    }
}

/// Asks in every way, each on a connection of its own, until one has another outcome than `expected`.
async fn try_all(
    lab: &Lab,
    known: &Known,
    case: &Case,
    expected: Option<&str>,
    port: u16,
) -> Result<(Verdict, String)> {
    let mut said = String::new();
    for versions in [TlsVersions::Only12, TlsVersions::Only13] {
        for alpn in [&[b"http/1.1".as_slice()][..], &[b"h2", b"http/1.1"]] {
            let connector = connector(lab, case, port, versions, alpn)?;
            for length in [0, 256 << 10] {
                if length > 0 && expected.is_none() && !known.takes_bodies {
                    continue;
                }
                let outcome = ask(&connector, case, port, length).await;
                let kind = outcome.as_ref().err().map(|error| error.kind().as_str());
                said = match outcome {
                    Ok(status) => format!("status {status}"),
                    Err(error) => format!("{}: {error}", error.kind()),
                };
                if kind != expected {
                    let way = format!("{versions:?}, {} bytes, {} protocols", length, alpn.len());
                    return Ok((Verdict::NotRun, format!("{way}: {said}")));
                }
            }
        }
    }
    Ok((verdict(expected), said))
}

fn connector(
    lab: &Lab,
    case: &Case,
    port: u16,
    versions: TlsVersions,
    alpn: &[&[u8]],
) -> Result<Connector> {
    let mut builder = Connector::builder(roots(lab, case.roots)?, identity(lab, case.identity)?)
        .tls_versions(versions)
        .alpn(alpn)
        .resolve(OTHER_NAME, port, IpAddr::V4(Ipv4Addr::LOCALHOST))
        .resolve(OTHER_ADDRESS, port, IpAddr::V4(Ipv4Addr::LOCALHOST));
    builder = match case.twist {
        Twist::Nothing | Twist::OtherAddress | Twist::OtherName => builder,
        Twist::Later => builder.time_provider(Arc::new(ThreeYearsAhead)),
        Twist::Pin => builder.pins(PinSet::new([Pin::from_spki_sha256([0; 32])])?),
        Twist::Revoked => builder.revocation(Revocation::new(revoking(lab)?)),
    };
    Ok(builder.build()?)
}

/// A CRL of the lab's CA with the lab's server in it.
fn revoking(lab: &Lab) -> Result<CrlSet> {
    let certificate = |path: &str| -> Result<Certificate> {
        let roots = roots(lab, path)?;
        Ok((*roots.certificates()[0]).clone())
    };
    let key = KeyPair::from_pem(&read(lab, "same-ca/ca.key")?, None)?;
    let authority = Authority::new(vec![certificate("same-ca/ca.crt")?], key)?;
    let server = certificate("same-ca/server.crt")?;
    let now = OffsetDateTime::now_utc();
    let list = CrlBuilder::new(7, now - time::Duration::HOUR, now + time::Duration::DAY)
        .revoke(
            server.serial().clone(),
            now - time::Duration::HOUR,
            RevocationReason::KeyCompromise,
        )
        .sign(&authority)?;
    Ok(CrlSet::from_pem_or_der([list.der()])?)
}

/// The status of the answer, if it is no refusal.
async fn ask(connector: &Connector, case: &Case, port: u16, length: usize) -> Result<u16, Error> {
    let client = Client::builder(TokioExecutor::new()).build(connector.clone());
    let host = match case.twist {
        Twist::OtherAddress => OTHER_ADDRESS,
        Twist::OtherName => OTHER_NAME,
        _ => "localhost",
    };
    let method = if length > 0 { "POST" } else { "GET" };
    let request = http::Request::builder()
        .method(method)
        .uri(format!("https://{host}:{port}/"))
        .body(Full::new(Bytes::from(vec![b'x'; length])))
        .expect("a method and a URL of ours");
    let exchange = async {
        let response = client.request(request).await;
        let response = response.map_err(|error| Error::classify(&error))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, 64 << 10).collect().await;
        let body = body.map_err(|error| Error::classify(&*error))?.to_bytes();
        match Error::from_refusal_page(head.status.as_u16(), &body) {
            Some(refused) => Err(refused),
            None => Ok(head.status.as_u16()),
        }
    };
    tokio::time::timeout(PATIENCE, exchange)
        .await
        .unwrap_or_else(|elapsed| Err(Error::classify(&elapsed)))
}

/// Shorter than any server's own patience.
const PATIENCE: Duration = Duration::from_secs(10);

const OTHER_ADDRESS: &str = "192.0.2.1";

const OTHER_NAME: &str = "other.example.local";

/// When the lab's server certificates, of 825 days, have ended and its roots, of ten years, have not.
#[derive(Debug)]
struct ThreeYearsAhead;

impl TimeProvider for ThreeYearsAhead {
    fn current_time(&self) -> Option<UnixTime> {
        let ahead = Duration::from_secs(3 * 365 * 24 * 3600);
        Some(UnixTime::since_unix_epoch(
            Duration::from_secs(UnixTime::now().as_secs()) + ahead,
        ))
    }
}
