//! Every case against the door, in both TLS versions: no wrong accept, no wrong refusal that is not named.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use conformance::{Case, Verdict, cases, server};
use mtls_server::{
    ConnectionAcceptor, MtlsConfig, ServerIdentity,
    verify::{CrlSet, Revocation, TrustAnchors, WithoutClientAuth},
};
use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SignatureScheme, SupportedProtocolVersion};
use time::{Duration, OffsetDateTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

#[tokio::test]
async fn the_server_accepts_and_refuses_as_the_table_says() {
    let now = OffsetDateTime::now_utc().replace_nanosecond(0).unwrap();
    let server = server(now);
    let cases = cases(now);
    let mut wrong = Vec::new();
    for case in &cases {
        let expected = expected(case);
        for version in [&TLS13, &TLS12] {
            let got = knock(&server, case, version, None).await;
            if got != expected {
                let Case {
                    category,
                    name,
                    clause,
                    ..
                } = case;
                let version = version.version;
                wrong.push(format!(
                    "{category}/{name} ({clause}) by {version:?}: {got}, not {expected}"
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

/// What a server may present: the only cases in which another verdict is right where every trust anchor is exempted.
const OF_SERVERS: &[(&str, &str)] = &[
    ("leaf", "serverAuth"),
    ("leaf", "serverAuth and any"),
    ("leaf", "serverAuth, critical"),
];

#[tokio::test]
async fn where_clients_are_exempted_from_client_auth_only_certificates_of_servers_are_accepted_besides()
 {
    let now = OffsetDateTime::now_utc().replace_nanosecond(0).unwrap();
    let server = server(now);
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for case in &cases(now) {
        let expected = expected(case);
        for (until, others) in [
            (Duration::DAY, &mut before),
            (-Duration::SECOND, &mut after),
        ] {
            let got = knock(&server, case, &TLS13, Some(now + until)).await;
            if got != expected {
                others.push((case.category, case.name));
            }
        }
    }
    assert_eq!(before, OF_SERVERS);
    assert_eq!(after, []);
}

#[test]
fn the_table_has_no_two_cases_of_one_name_and_both_kinds_in_each_category() {
    let cases = cases(OffsetDateTime::now_utc());
    let names: BTreeSet<_> = cases
        .iter()
        .map(|case| (case.category, case.name))
        .collect();
    assert_eq!(names.len(), cases.len());
    assert!(cases.len() >= 400, "{}", cases.len());
    for category in cases.iter().map(|case| case.category) {
        for accepted in [true, false] {
            let of_kind = |case: &&Case| (case.verdict == Verdict::Accepted) == accepted;
            let found = cases
                .iter()
                .filter(of_kind)
                .any(|case| case.category == category);
            assert!(found, "{category}: accepted is {accepted}");
        }
    }
}

fn expected(case: &Case) -> &'static str {
    match (case.exception, case.verdict) {
        (Some((code, _)), _) | (None, Verdict::Refused { code }) => code,
        (None, Verdict::Accepted) => ACCEPTED,
    }
}

/// What becomes of the client: the door's reason, or [`ACCEPTED`].
async fn knock(
    server: &Case,
    case: &Case,
    version: &'static SupportedProtocolVersion,
    exempted_until: Option<OffsetDateTime>,
) -> &'static str {
    let Ok(anchors) = TrustAnchors::from_pem(case.trust_anchors_pem().as_bytes()) else {
        return Verdict::UNUSABLE;
    };
    let chain = server.chain_pem();
    let identity = ServerIdentity::from_pem(chain.as_bytes(), server.key_pem().as_bytes()).unwrap();
    let exemption = exempted_until.map(|until| {
        let none = WithoutClientAuth::new();
        let anchors = anchors.certificates().iter();
        anchors.fold(none, |all, anchor| all.issued_by(anchor, until))
    });
    let mut config = MtlsConfig::builder(identity, anchors);
    if let Some(exemption) = exemption {
        config = config.accept_without_client_auth(exemption);
    }
    if !case.crls.is_empty() {
        match CrlSet::from_pem_or_der([case.crls_pem().as_bytes()]) {
            Ok(crls) => config = config.revocation(Revocation::new(crls)),
            Err(_) => return Verdict::UNUSABLE,
        }
    }
    let acceptor = ConnectionAcceptor::new(config.build().unwrap());
    let (near, far) = tokio::io::duplex(64 << 10);
    let welcome = async {
        match acceptor
            .accept(near, SocketAddr::from(([127, 0, 0, 1], 1)))
            .await
        {
            Ok(accepted) => {
                let mut stream = accepted.into_stream().unwrap();
                stream.write_all(b"welcome").await.unwrap();
                stream.shutdown().await.unwrap();
                ACCEPTED
            }
            Err(refusal) => refusal.reason().code(),
        }
    };
    let client = async {
        let mut heard = String::new();
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::new(client_config(server, case, version)));
        let mut stream = connector.connect(name, far).await.ok()?;
        stream.read_to_string(&mut heard).await.ok()?;
        Some(heard)
    };
    let (reason, heard) = tokio::join!(welcome, client);
    let welcomed = heard.as_deref() == Some("welcome");
    assert_eq!(welcomed, reason == ACCEPTED, "{}: {reason}", case.name);
    reason
}

fn client_config(
    server: &Case,
    case: &Case,
    version: &'static SupportedProtocolVersion,
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    for root in &server.trust_anchors {
        roots.add(CertificateDer::from(root.as_slice())).unwrap();
    }
    ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_client_cert_resolver(Arc::new(Shown::new(server, case)))
}

/// Shows the case's chain, whatever the server asked for.
#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl Shown {
    fn new(server: &Case, case: &Case) -> Self {
        let load = |key: &[u8]| -> Option<Arc<dyn SigningKey>> {
            let key = PrivatePkcs8KeyDer::from(key).into();
            aws_lc_rs::sign::any_supported_type(&key).ok()
        };
        // rustls takes no RSA key of 1024 bits. The door judges the chain before the proof of possession,
        // so another key does where the chain has to be refused.
        let key = load(&case.key)
            .or_else(|| load(&server.key))
            .expect("the server's key is P-256");
        let chain = case.chain.iter().cloned().map(CertificateDer::from);
        Self(Arc::new(CertifiedKey::new(chain.collect(), key)))
    }
}

impl ResolvesClientCert for Shown {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

const ACCEPTED: &str = "accepted";
