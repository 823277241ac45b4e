//! The device's side: its files after an interruption, and renewal in spite of what goes wrong.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use mtls_client::{
    CertificateRequest, ClientIdentity, EnrollError, EnrolledFiles, Enroller, ErrorKind,
    IdentityError, KeyKind, KeyPair, Password, RenewalAgent, RenewalEvent, TrustAnchors,
};
use mtls_server::Rule;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use time::{Duration, OffsetDateTime};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use x509_identity::DistinguishedName;

use crate::support::enrollment::{Enrolling, Presented};
use crate::support::http::PATIENCE;

fn enroller(enrolling: &Enrolling) -> Enroller {
    let root = enrolling.ca.root.authority().certificate();
    let roots = TrustAnchors::from_certs([root.der()]).unwrap();
    Enroller::new(&enrolling.url(""), roots).unwrap()
}

/// Enrols `CN=sensor-7` into a directory.
async fn enroll(enrolling: &Enrolling, profile: &str, directory: &Path) -> EnrolledFiles {
    let token = enrolling
        .token(1, profile, &["sensor-7"], Duration::HOUR)
        .await;
    let files = EnrolledFiles::open(directory).unwrap();
    let subject = "CN=sensor-7".parse().unwrap();
    let pending = files.request(KeyKind::P256, &subject, &[]).unwrap();
    let enrolled = enroller(enrolling).enroll(&token, &pending.request).await;
    files.replace(&enrolled.unwrap()).unwrap();
    files
}

fn serial(files: &EnrolledFiles) -> String {
    let identity = files.identity().unwrap().unwrap();
    identity.certificate().serial().to_string()
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_process_that_ends_at_any_step_loses_nothing() {
    let enrolling = Enrolling::new().await;
    let directory = tempfile::tempdir().unwrap();
    let token = enrolling
        .token(1, "client", &["sensor-7"], Duration::HOUR)
        .await;
    let enroller = enroller(&enrolling);
    let subject = "CN=sensor-7".parse().unwrap();
    let open = || EnrolledFiles::open(directory.path()).unwrap();
    let begin = |files: &EnrolledFiles| files.request(KeyKind::P256, &subject, &[]).unwrap();

    // It ends before it has asked, and then before it has the answer: the request is the same one.
    let first = begin(&open());
    let lost = enroller.enroll(&token, &first.request).await.unwrap();
    let again = begin(&open());
    assert_eq!(again.request.der(), first.request.der());
    let enrolled = enroller.enroll(&token, &again.request).await.unwrap();
    assert_eq!(enrolled.certificate, lost.certificate);

    // It ends after it has written the certificate, and before the key is in its place; then after that.
    let at = |name: &str| directory.path().join(name);
    fs::write(at("ca.crt"), &enrolled.roots_pem).unwrap();
    fs::write(at("next.crt"), &enrolled.chain_pem).unwrap();
    let key = fs::read(at("next.key")).unwrap();
    let finished = serial(&open());
    assert_eq!(finished, enrolled.certificate.serial().to_string());
    assert_eq!(names(directory.path()), ["ca.crt", "tls.crt", "tls.key"]);
    fs::rename(at("tls.crt"), at("next.crt")).unwrap();
    fs::write(at("next.csr"), first.request.pem()).unwrap();
    assert_eq!(serial(&open()), finished);
    assert_eq!(names(directory.path()), ["ca.crt", "tls.crt", "tls.key"]);
    assert_eq!(fs::read(at("tls.key")).unwrap(), key);

    // A key without its CSR, a CSR that breaks off, and a certificate of neither key are no request.
    let next = begin(&open());
    fs::write(at("next.csr"), "-----BEGIN CERTIFICATE REQUEST-----\n").unwrap();
    assert_ne!(begin(&open()).request.der(), next.request.der());
    let other = enrolling.enrolled(2, "other").await;
    fs::write(at("next.crt"), other.chain).unwrap();
    assert_eq!(serial(&open()), finished);
    assert!(!at("next.crt").exists());
    // Other names are another request.
    let admin = "CN=admin".parse().unwrap();
    let begun = begin(&open());
    let changed = open().request(KeyKind::P256, &admin, &[]).unwrap();
    assert_ne!(
        changed.request.public_key_der(),
        begun.request.public_key_der()
    );
}

#[tokio::test]
async fn what_the_ca_refuses_is_told_and_is_final_or_passes() {
    let enrolling = Enrolling::new().await;
    let directory = tempfile::tempdir().unwrap();
    let files = EnrolledFiles::open(directory.path()).unwrap();
    let subject = "CN=sensor-7".parse().unwrap();
    let pending = files.request(KeyKind::P256, &subject, &[]).unwrap();
    let refused = enroller(&enrolling).enroll("guess", &pending.request).await;
    let Err(EnrollError::Refused { kind, .. }) = &refused else {
        panic!("{refused:?}");
    };
    assert_eq!(kind, "credential_refused");
    assert!(refused.unwrap_err().is_final());
    // The CA's root is not that of this server: nothing is sent.
    let stranger = crate::support::ca::Ca::new().await;
    let root = stranger.root.authority().certificate();
    let roots = TrustAnchors::from_certs([root.der()]).unwrap();
    let other = Enroller::new(&enrolling.url("/"), roots).unwrap();
    let refused = other.enroll("guess", &pending.request).await.unwrap_err();
    assert!(matches!(refused, EnrollError::Connect(_)) && !refused.is_final());
    for wrong in [
        "http://localhost:1",
        "https://localhost/path",
        "https://user@localhost",
        "localhost",
    ] {
        let roots = TrustAnchors::from_certs([root.der()]).unwrap();
        let made = Enroller::new(wrong, roots);
        assert!(matches!(made, Err(EnrollError::Url(_))), "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_that_is_not_accepted_does_not_replace_the_old_one() {
    let enrolling = Enrolling::new().await;
    let directory = tempfile::tempdir().unwrap();
    let files = enroll(&enrolling, "client", directory.path()).await;
    let before = serial(&files);
    let agent = RenewalAgent::new(enroller(&enrolling), files.clone());
    let now = OffsetDateTime::now_utc();
    assert!(!agent.is_due(now).await.unwrap());
    assert!(agent.is_due(now + Duration::hours(18)).await.unwrap());
    agent.renew().await.unwrap();
    let renewed = serial(&files);
    assert_ne!(renewed, before);

    // From here on the server accepts the present certificate alone.
    let present = renewed.clone();
    let others = Rule::custom("any other one", move |client| {
        client.serial().to_string() != present
    });
    enrolling.server.handle().revoke_now(others).await;
    let refused = agent.renew().await.unwrap_err();
    assert!(matches!(refused, EnrollError::NotAccepted(_)), "{refused}");
    assert_eq!(serial(&files), renewed);
    assert_eq!(names(directory.path()), ["ca.crt", "tls.crt", "tls.key"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_the_ca_is_survived() {
    let mut enrolling = Enrolling::new().await;
    let directory = tempfile::tempdir().unwrap();
    let files = enroll(&enrolling, "short", directory.path()).await;
    let before = serial(&files);
    let agent = RenewalAgent::new(enroller(&enrolling), files.clone());
    let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
    let running = tokio::spawn(async move {
        let tell = |event| match event {
            RenewalEvent::Planned(_) => {}
            event => drop(sender.send(event)),
        };
        agent.run(tell).await
    });
    let address = enrolling.address();
    enrolling.server.stop(std::time::Duration::ZERO).await;
    let next = tokio::time::timeout(PATIENCE, events.recv()).await;
    let failed = next.unwrap().unwrap();
    let RenewalEvent::Failed { error, again_in } = failed else {
        panic!("{failed:?}");
    };
    assert!(matches!(error, EnrollError::Connect(_)), "{error}");
    assert!(
        again_in <= std::time::Duration::from_secs(1),
        "{again_in:?}"
    );
    assert_eq!(serial(&files), before);

    let listener = TcpListener::bind(address).await.unwrap();
    enrolling = Enrolling::of(enrolling.ca, listener, Default::default()).await;
    let renewed = async {
        loop {
            match events.recv().await.unwrap() {
                RenewalEvent::Renewed(enrolled) => break enrolled,
                RenewalEvent::Failed { error, .. } => {
                    // While the server starts.
                    assert!(matches!(error, EnrollError::Connect(_)), "{error}");
                }
                other => panic!("{other:?}"),
            }
        }
    };
    let renewed = tokio::time::timeout(PATIENCE, renewed).await.unwrap();
    assert_eq!(serial(&files), renewed.certificate.serial().to_string());
    assert_ne!(serial(&files), before);
    running.abort();
    drop(enrolling);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_ca_at_the_same_address_renews_nothing_and_costs_nothing() {
    let enrolling = Enrolling::new().await;
    let directory = tempfile::tempdir().unwrap();
    let files = enroll(&enrolling, "client", directory.path()).await;
    let before = serial(&files);
    let agent = RenewalAgent::new(enroller(&enrolling), files.clone());
    let address = enrolling.address();
    let Enrolling { ca, server, .. } = enrolling;
    server.stop(std::time::Duration::ZERO).await;
    let listener = TcpListener::bind(address).await.unwrap();
    let stranger = crate::support::ca::Ca::new().await;
    let stranger = Enrolling::of(stranger, listener, Default::default()).await;
    let refused = agent.renew().await.unwrap_err();
    let EnrollError::Connect(refused) = refused else {
        panic!("{refused}");
    };
    assert_eq!(*refused.kind(), ErrorKind::UntrustedServer);
    assert_eq!(serial(&files), before);

    // The right one again: the same request goes on.
    let begun = fs::read(directory.path().join("next.key")).unwrap();
    stranger.server.stop(std::time::Duration::ZERO).await;
    let listener = TcpListener::bind(address).await.unwrap();
    let _enrolling = Enrolling::of(ca, listener, Default::default()).await;
    agent.renew().await.unwrap();
    assert_eq!(fs::read(directory.path().join("tls.key")).unwrap(), begun);
}

#[tokio::test]
async fn whatever_signs_gets_a_certificate_and_the_next_one() {
    let enrolling = Enrolling::new().await;
    let token = enrolling
        .token(1, "client", &["sensor-7"], Duration::HOUR)
        .await;
    let enroller = enroller(&enrolling);
    let subject = "CN=sensor-7".parse().unwrap();
    let key = |kind| Arc::new(KeyPair::generate(kind).unwrap());
    let identity = |chain: &str, key| {
        let chain = CertificateDer::pem_slice_iter(chain.as_bytes());
        ClientIdentity::of_signer(chain.map(Result::unwrap).collect(), key)
    };
    let first = key(KeyKind::P256);
    let request = CertificateRequest::build(&first, &subject, &[]).unwrap();
    let enrolled = enroller.enroll(&token, &request).await.unwrap();
    let next = key(KeyKind::P384);
    let request = CertificateRequest::build(&next, &subject, &[]).unwrap();
    let presented = identity(&enrolled.chain_pem, first).unwrap();
    let renewed = enroller.renew(presented, &request).await.unwrap();
    assert_ne!(renewed.certificate.serial(), enrolled.certificate.serial());
    let presented = identity(&renewed.chain_pem, next).unwrap();
    enroller.try_identity(presented).await.unwrap();

    // The key of another certificate, and one whose signatures TLS 1.3 does not take.
    let foreign = identity(&renewed.chain_pem, key(KeyKind::P256));
    assert!(matches!(foreign, Err(IdentityError::KeyMismatch { .. })));
    let rsa = identity(&renewed.chain_pem, key(KeyKind::Rsa2048));
    assert!(matches!(rsa, Err(IdentityError::SignerAlgorithm)));
}

#[tokio::test]
async fn an_identity_is_tried_without_a_change() {
    let enrolling = Enrolling::new().await;
    let identity = |presented: &Presented| {
        let key = presented.key.secret_pkcs8_pem();
        ClientIdentity::from_pem(presented.chain.as_bytes(), key.as_bytes()).unwrap()
    };
    let good = enrolling.enrolled(1, "a").await;
    let enroller = enroller(&enrolling);
    enroller.try_identity(identity(&good)).await.unwrap();
    let stranger = Enrolling::new().await;
    let foreign = stranger.enrolled(1, "a").await;
    let refused = enroller.try_identity(identity(&foreign)).await.unwrap_err();
    assert!(matches!(refused, EnrollError::NotAccepted(_)), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_of_one_directory_take_turns() {
    let enrolling = Enrolling::new().await;
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let token = enrolling.token(1, "client", &["sensor-7"], Duration::HOUR);
    let token = token.await;
    // As two processes would, each opens the directory for itself.
    let agent = |directory: &Path| {
        let files = EnrolledFiles::open(directory).unwrap();
        RenewalAgent::new(enroller(&enrolling), files).token(Password::new(&token))
    };
    let name: DistinguishedName = "CN=sensor-7".parse().unwrap();
    let agents: Vec<_> = (0..3).map(|_| Arc::new(agent(one.path()))).collect();
    let all = async |renew: bool| {
        let mut each = JoinSet::new();
        for agent in &agents {
            let (agent, name) = (Arc::clone(agent), name.clone());
            each.spawn(async move {
                match renew {
                    true => agent.renew().await.unwrap(),
                    false => agent.enroll_once(&name, &[]).await.unwrap(),
                }
            });
        }
        let each = each.join_all().await.into_iter().map(|it| {
            assert!(it.chain_pem.contains("-----BEGIN CERTIFICATE-----"));
            assert!(it.roots_pem.contains("-----BEGIN CERTIFICATE-----"));
            it.certificate.serial().to_string()
        });
        each.collect::<BTreeSet<_>>()
    };
    let issued = async || {
        let rows = enrolling.ca.store.audit(0, 10_000).await.unwrap();
        rows.iter().filter(|row| row.event == "issued").count()
    };
    let before = issued().await;
    // The token is good for one certificate, which is that of all.
    let first = all(false).await;
    assert_eq!(first.len(), 1);
    for _ in 0..2 {
        // It takes a second, in which the others ask, too.
        enrolling.stall_renewals(1);
        let next = all(true).await;
        assert_eq!(next.len(), 1);
        assert_ne!(next, first);
        let files = EnrolledFiles::open(one.path()).unwrap();
        assert!(next.contains(&serial(&files)));
        assert_eq!(names(one.path()), ["ca.crt", "tls.crt", "tls.key"]);
    }
    assert_eq!(issued().await - before, 3);
    // In another directory the token is used up.
    let refused = agent(other.path()).enroll_once(&name, &[]).await;
    let refused = refused.unwrap_err();
    assert!(
        matches!(&refused, EnrollError::Refused { kind, .. } if kind == "token_used"),
        "{refused:?}"
    );
}
