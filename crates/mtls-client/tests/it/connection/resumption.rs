//! Sessions are resumed only if that is asked for, and never around a change of identity, pins, roots, CRLs
//! or time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mtls_client::{Connector, Error, Pin, PinSet, Resumption, TlsStream, TlsVersions};
use rustls::HandshakeKind;
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use time::{Duration, OffsetDateTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use x509_identity::Certificate;

use crate::support::*;

const TTL: std::time::Duration = std::time::Duration::from_secs(24 * 3600);
const REVALIDATE: Resumption = Resumption::Revalidate { ttl: TTL };

/// A server that keeps sessions, and answers with the serial number that the session was made with.
async fn serve_sessions(server: &Leaf, clients: &Ca) -> SocketAddr {
    serve_to(
        server,
        Clients::Required(clients, Vec::new()),
        Resumed::IsServed,
    )
    .await
}

/// What becomes of a client that resumes a session.
#[derive(Clone, Copy, PartialEq)]
enum Resumed {
    IsHungUpOn,
    IsServed,
}

async fn serve_to(server: &Leaf, clients: Clients<'_>, resumed: Resumed) -> SocketAddr {
    let config = server_config(server, &clients, HTTP1);
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // Whoever refuses us leaves in the middle of the handshake.
                let Ok(mut stream) = acceptor.accept(tcp).await else {
                    return;
                };
                let session = stream.get_ref().1;
                let is_resumed = session.handshake_kind() == Some(HandshakeKind::Resumed);
                if is_resumed && resumed == Resumed::IsHungUpOn {
                    return;
                }
                let serial = match session.peer_certificates() {
                    Some([presented, ..]) => Certificate::from_der(presented)
                        .unwrap()
                        .serial()
                        .to_string(),
                    _ => "00".to_owned(),
                };
                // One byte from the client for each serial number.
                while stream.read_u8().await.is_ok() {
                    let _ = stream.write_all(serial.as_bytes()).await;
                    let _ = stream.flush().await;
                }
            });
        }
    });
    address
}

/// A clock that is set by hand.
#[derive(Debug)]
struct Clock(AtomicU64);

impl Clock {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(UnixTime::now().as_secs())))
    }

    fn pass(&self, time: Duration) {
        let seconds = u64::try_from(time.whole_seconds()).unwrap();
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = self.0.load(Ordering::SeqCst);
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(
            seconds,
        )))
    }
}

/// Two digits: what the server takes our certificate to be.
async fn serial(stream: &mut TlsStream) -> Result<String, Error> {
    let answer = async {
        stream.write_all(b"?").await?;
        stream.flush().await?;
        let mut serial = [0; 2];
        stream.read_exact(&mut serial).await?;
        Ok::<_, std::io::Error>(serial)
    };
    let serial = answer.await.map_err(|error| Error::classify(&error))?;
    Ok(String::from_utf8_lossy(&serial).into_owned())
}

/// Connects and has a word, so that a ticket is there: was the session resumed, and whose certificate is it?
async fn ask(connector: &Connector, address: SocketAddr) -> Result<(bool, String), Error> {
    let mut stream = connector.connect(&url(address).parse().unwrap()).await?;
    let presented = serial(&mut stream).await?;
    let kind = stream.session().unwrap().handshake_kind();
    Ok((kind == Some(HandshakeKind::Resumed), presented))
}

fn client(ca: &Ca, serial: u64) -> Leaf {
    ca.client("client1").serial(serial)
}

fn numbered_server(ca: &Ca, serial: u64) -> Leaf {
    ca.server("localhost").serial(serial)
}

fn resuming(ca: &Ca, versions: TlsVersions, clock: &Arc<Clock>) -> mtls_client::ConnectorBuilder {
    connector(ca, identity_of(&client(ca, 0x11)))
        .tls_versions(versions)
        .resumption(REVALIDATE)
        .time_provider(Arc::clone(clock) as _)
}

fn pins(ca: &Ca) -> PinSet {
    PinSet::new([Pin::of(&Certificate::from_der(ca.der()).unwrap())]).unwrap()
}

#[tokio::test]
async fn sessions_are_resumed_only_if_that_is_asked_for() {
    let ca = Ca::root("root");
    let address = serve_sessions(&ca.server("localhost"), &ca).await;
    for versions in VERSIONS {
        for resumption in [Resumption::Off, REVALIDATE] {
            let connector = connector(&ca, identity_of(&client(&ca, 0x11)))
                .tls_versions(versions)
                .resumption(resumption)
                .build()
                .unwrap();
            let mut resumed = Vec::new();
            for _ in 0..4 {
                resumed.push(ask(&connector, address).await.unwrap().0);
            }
            let wanted = resumption == REVALIDATE;
            assert_eq!(
                resumed,
                [false, wanted, wanted, wanted],
                "{versions:?} {resumption:?}"
            );
        }
    }
}

/// What happens between two handshakes, and what the second then is.
enum Second {
    Full,
    Refused(&'static str),
    Resumed,
}

impl Second {
    #[track_caller]
    fn check(&self, got: Result<(bool, String), Error>, case: &str) {
        match self {
            Self::Full => assert!(!got.unwrap().0, "{case}"),
            Self::Resumed => assert!(got.unwrap().0, "{case}"),
            Self::Refused(kind) => {
                let error = got.unwrap_err();
                assert_eq!(error.kind().as_str(), *kind, "{case}");
            }
        }
    }
}

#[tokio::test]
async fn no_session_survives_a_replacement() {
    let (ca, other) = (Ca::root("root"), Ca::root("other"));
    let server = numbered_server(&ca, 7);
    let address = serve_sessions(&server, &ca).await;
    type Change<'a> = Box<dyn Fn(&Connector) + 'a>;
    let changes: [(&str, Change<'_>, Second); 9] = [
        ("nothing", Box::new(|_| ()), Second::Resumed),
        (
            "the same identity",
            Box::new(|connector| connector.set_identity(identity_of(&client(&ca, 0x11)))),
            Second::Full,
        ),
        (
            "pins that hold",
            Box::new(|connector| connector.set_pins(pins(&ca))),
            Second::Full,
        ),
        (
            "other pins",
            Box::new(|connector| connector.set_pins(pins(&other))),
            Second::Refused("pin-mismatch"),
        ),
        (
            "more roots",
            Box::new(|connector| connector.set_roots(anchors(&ca).and(&anchors(&other)))),
            Second::Full,
        ),
        (
            "other roots",
            Box::new(|connector| connector.set_roots(anchors(&other))),
            Second::Refused("untrusted-server"),
        ),
        (
            "CRLs with others",
            Box::new(|connector| connector.set_revocation(revocation(&ca, &[8]))),
            Second::Full,
        ),
        (
            "CRLs with this server",
            Box::new(|connector| connector.set_revocation(revocation(&ca, &[7]))),
            Second::Refused("revoked"),
        ),
        (
            "CRLs of another CA",
            Box::new(|connector| connector.set_revocation(revocation(&other, &[]))),
            Second::Refused("untrusted-server"),
        ),
    ];
    for versions in VERSIONS {
        for (case, change, second) in &changes {
            let connector = resuming(&ca, versions, &Clock::new()).build().unwrap();
            assert!(!ask(&connector, address).await.unwrap().0);
            assert!(ask(&connector, address).await.unwrap().0);
            change(&connector);
            let got = ask(&connector, address).await;
            second.check(got, &format!("{case} {versions:?}"));
        }
    }
}

#[tokio::test]
async fn a_rotation_shows_the_new_certificate_and_a_late_ticket_belongs_to_the_old_one() {
    let ca = Ca::root("root");
    let address = serve_sessions(&ca.server("localhost"), &ca).await;
    for versions in VERSIONS {
        let connector = resuming(&ca, versions, &Clock::new()).build().unwrap();
        // Its tickets, of TLS 1.3, are read after the rotation.
        let mut early = connector
            .connect(&url(address).parse().unwrap())
            .await
            .unwrap();
        connector.set_identity(identity_of(&client(&ca, 0x12)));
        assert_eq!(serial(&mut early).await.unwrap(), "11");
        for resumed in [false, true, true] {
            let got = ask(&connector, address).await.unwrap();
            assert_eq!(got, (resumed, "12".to_owned()), "{versions:?}");
        }
    }
}

#[tokio::test]
async fn a_session_ends_with_the_certificate_the_crl_and_the_limit_that_it_rests_on() {
    let ca = Ca::root("root");
    let short_lived = ca
        .server("localhost")
        .valid_until(OffsetDateTime::now_utc() + Duration::hours(1));
    // A certificate of thirty days, a CRL of one.
    let lasting = ca.server("localhost");
    let (short, long) = (
        serve_sessions(&short_lived, &ca).await,
        serve_sessions(&lasting, &ca).await,
    );
    let with_crl =
        |builder: mtls_client::ConnectorBuilder| builder.revocation(revocation(&ca, &[]));
    let as_it_is = |builder: mtls_client::ConnectorBuilder| builder;
    let brief = |builder: mtls_client::ConnectorBuilder| {
        builder.resumption(Resumption::Revalidate {
            ttl: std::time::Duration::from_secs(600),
        })
    };
    type Change<'a> = &'a dyn Fn(mtls_client::ConnectorBuilder) -> mtls_client::ConnectorBuilder;
    let cases: [(&str, SocketAddr, Change<'_>, i64, Second); 7] = [
        ("certificate, before", short, &as_it_is, 59, Second::Resumed),
        (
            "certificate, after",
            short,
            &as_it_is,
            61,
            Second::Refused("expired"),
        ),
        ("no CRL", long, &as_it_is, 11 * 60, Second::Resumed),
        ("CRL, before", long, &with_crl, 11 * 60, Second::Resumed),
        (
            "CRL, after",
            long,
            &with_crl,
            25 * 60,
            Second::Refused("untrusted-server"),
        ),
        ("limit, before", long, &brief, 9, Second::Resumed),
        ("limit, after", long, &brief, 11, Second::Full),
    ];
    for versions in VERSIONS {
        for (case, address, change, minutes, second) in &cases {
            let clock = Clock::new();
            let connector = change(resuming(&ca, versions, &clock)).build().unwrap();
            assert!(!ask(&connector, *address).await.unwrap().0);
            clock.pass(Duration::minutes(*minutes));
            let got = ask(&connector, *address).await;
            second.check(got, &format!("{case} {versions:?}"));
        }
    }
}

#[tokio::test]
async fn resuming_again_and_again_makes_no_session_younger() {
    let ca = Ca::root("root");
    let address = serve_sessions(&ca.server("localhost"), &ca).await;
    for versions in VERSIONS {
        let clock = Clock::new();
        let connector = resuming(&ca, versions, &clock)
            .resumption(Resumption::Revalidate {
                ttl: std::time::Duration::from_secs(600),
            })
            .build()
            .unwrap();
        let mut resumed = Vec::new();
        for _ in 0..4 {
            resumed.push(ask(&connector, address).await.unwrap().0);
            clock.pass(Duration::minutes(4));
        }
        assert_eq!(resumed, [false, true, true, false], "{versions:?}");
    }
}

#[tokio::test]
async fn a_session_is_offered_to_the_port_that_it_was_made_with_only() {
    let ca = Ca::root("root");
    let server = ca.server("localhost");
    let (one, two) = (
        serve_sessions(&server, &ca).await,
        serve_sessions(&server, &ca).await,
    );
    for versions in VERSIONS {
        let connector = resuming(&ca, versions, &Clock::new()).build().unwrap();
        for (address, resumed) in [(one, false), (two, false), (one, true), (two, true)] {
            assert_eq!(ask(&connector, address).await.unwrap().0, resumed);
        }
    }
}

#[tokio::test]
async fn a_resumed_session_that_is_hung_up_on_is_refused_if_it_was_made_with_our_certificate() {
    let ca = Ca::root("root");
    let server = ca.server("localhost");
    for (clients, kind) in [
        (Clients::Required(&ca, Vec::new()), "identity-rejected"),
        (Clients::NotAsked, "protocol"),
    ] {
        let address = serve_to(&server, clients, Resumed::IsHungUpOn).await;
        for versions in VERSIONS {
            let connector = resuming(&ca, versions, &Clock::new()).build().unwrap();
            assert!(!ask(&connector, address).await.unwrap().0);
            let error = ask(&connector, address).await.unwrap_err();
            assert_eq!(error.kind().as_str(), kind, "{versions:?}: {error:?}");
        }
    }
}
