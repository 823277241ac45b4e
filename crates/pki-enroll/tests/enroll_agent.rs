//! The device's side: its files after an interruption, and renewal in spite of what goes wrong.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::path::Path;

use mtls_client::{
    ClientIdentity, EnrollError, EnrolledFiles, Enroller, KeyKind, RenewalAgent, RenewalEvent,
    TrustAnchors,
};
use mtls_server::Rule;
use support::enrollment::{Enrolling, Presented};
use support::http::PATIENCE;
use time::{Duration, OffsetDateTime};
use tokio::net::TcpListener;

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
    let stranger = support::ca::Ca::new().await;
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
        let tell = |event| drop(sender.send(event));
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
