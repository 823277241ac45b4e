//! Sessions of our client with other servers: resumed, and never around a rotation or the end of a certificate.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use mtls_client::{ClientIdentity, Connector, Error, Resumption, TlsVersions};
use rustls::HandshakeKind;
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Runtime;

use super::identity::{identity, roots};
use crate::report::group::SESSIONS as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::lab::Lab;

/// What lies between two connections, and what the second one is.
const CASES: [(&str, Between, &str); 3] = [
    ("nothing between", Between::Nothing, "resumed"),
    ("a rotation between", Between::Rotation, "full"),
    // Server certificates of the lab end after 825 days, client certificates are the servers' affair.
    (
        "the server's certificate ends between",
        Between::End,
        "full, expired",
    ),
];

#[derive(Clone, Copy)]
enum Between {
    Nothing,
    Rotation,
    End,
}

pub(super) fn check_server(
    lab: &Lab,
    runtime: &Runtime,
    report: &mut Report,
    server: &str,
    port: u16,
) {
    for (case, between, expected) in CASES {
        for versions in [TlsVersions::Only12, TlsVersions::Only13] {
            let seen = runtime
                .block_on(second(lab, versions, between, port))
                .map(|second| {
                    let as_expected = second == expected;
                    let verdict = if as_expected {
                        Verdict::Accepted
                    } else {
                        Verdict::NotRun
                    };
                    (verdict, second)
                });
            let case = format!("{case}, {versions:?}: {expected}");
            report.push(GROUP, server, &case, Verdict::Accepted, seen);
        }
    }
}

/// What the second of two connections is, and why it failed if it did.
async fn second(lab: &Lab, versions: TlsVersions, between: Between, port: u16) -> Result<String> {
    let clock = Arc::new(Clock(AtomicU64::new(UnixTime::now().as_secs())));
    let connector = Connector::builder(roots(lab, "same-ca/ca.crt")?, client(lab)?)
        .tls_versions(versions)
        .alpn(&[b"http/1.1"])
        .time_provider(Arc::clone(&clock) as _)
        .resumption(Resumption::Revalidate {
            ttl: Duration::from_secs(10 * 365 * 24 * 3600),
        })
        .build()?;
    let first = ask(&connector, port).await?;
    anyhow::ensure!(first == HandshakeKind::Full, "the first is {first:?}");
    match between {
        Between::Nothing => {}
        Between::Rotation => connector.set_identity(client(lab)?),
        Between::End => clock.pass(Duration::from_secs(3 * 365 * 24 * 3600)),
    }
    Ok(match ask(&connector, port).await {
        Ok(HandshakeKind::Resumed) => "resumed".to_owned(),
        Ok(_) => "full".to_owned(),
        Err(error) => format!("full, {}", error.kind()),
    })
}

fn client(lab: &Lab) -> Result<ClientIdentity> {
    identity(lab, "same-ca/client")
}

/// A request on a connection of its own.
async fn ask(connector: &Connector, port: u16) -> Result<HandshakeKind, Error> {
    let url = format!("https://localhost:{port}/");
    let url = url.parse().expect("a URL of ours");
    let mut stream = connector.connect(&url).await?;
    let exchange = async {
        let request = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).await?;
        stream.flush().await?;
        // To the end: the tickets of TLS 1.3 come with or before the answer. Some servers end without
        // a close_notify, which is no matter here.
        let mut answer = Vec::new();
        match (&mut stream).take(1 << 20).read_to_end(&mut answer).await {
            Err(error) if answer.is_empty() => Err(error),
            _ => Ok(()),
        }
    };
    let exchanged: std::io::Result<()> = exchange.await;
    exchanged.map_err(|error| Error::classify(&error))?;
    let kind = stream
        .session()
        .and_then(|session| session.handshake_kind());
    Ok(kind.expect("a handshake that is over was of some kind"))
}

/// A clock that is set by hand.
#[derive(Debug)]
struct Clock(AtomicU64);

impl Clock {
    fn pass(&self, time: Duration) {
        self.0.fetch_add(time.as_secs(), Ordering::SeqCst);
    }
}

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let now = Duration::from_secs(self.0.load(Ordering::SeqCst));
        Some(UnixTime::since_unix_epoch(now))
    }
}
