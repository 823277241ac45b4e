//! Simulators that are kept, and opened again.

use pki_attest::android::{AndroidRefusal, KeyAttestation};
use pki_attest::apple::{
    AppId, Categories, ClientData, Environment, ExpectedAssertion, ExpectedAttestation,
    verify_assertion, verify_attestation,
};
use pki_attest::simulator::{AndroidSimulator, AppleSimulator, Factory, SimulatedApp};
use rcgen::KeyPair;
use time::OffsetDateTime;

const NOW: OffsetDateTime = time::macros::datetime!(2026-11-27 12:00 UTC);

#[test]
fn an_android_platform_that_was_kept_is_the_same_one() {
    let first = AndroidSimulator::new(Factory::Remote, NOW).unwrap();
    let root_key = first.secret_root_key_pem();
    let again = AndroidSimulator::restored(&root_key, Factory::Remote, NOW).unwrap();
    let description = AndroidSimulator::description(b"challenge");
    let key = KeyPair::generate().unwrap();
    let spki = AndroidSimulator::public_key(&key);
    let chain = again.attest_request(&spki, &description).unwrap();
    let read = KeyAttestation::read(&chain, &[first.root().clone()], None, NOW).unwrap();
    assert_eq!(read.public_key, spki);
    let other = AndroidSimulator::new(Factory::Remote, NOW).unwrap();
    let chain = other.attest_request(&spki, &description).unwrap();
    let seen = KeyAttestation::read(&chain, &[first.root().clone()], None, NOW);
    assert!(matches!(seen, Err(AndroidRefusal::UnknownRoot { .. })));
    let app_key = KeyPair::generate().unwrap().serialize_pem();
    assert!(AndroidSimulator::restored(&app_key, Factory::Remote, NOW).is_err());
    let other = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    let spki = AndroidSimulator::public_key(&other);
    assert!(again.attest_request(&spki, &description).is_err());
}

#[test]
fn an_apple_platform_and_an_app_that_were_kept_are_the_same_ones() {
    let id: AppId = "1234567890.com.example.app".parse().unwrap();
    let (first, data) = (AppleSimulator::new(NOW).unwrap(), ClientData::new(b"data"));
    let mut app = SimulatedApp::new(id.clone()).unwrap();
    let again = AppleSimulator::restored(&first.secret_root_key_pem(), NOW).unwrap();
    let sent = again.attest(&app, data, Environment::Production, None);
    let expected = ExpectedAttestation {
        app: &id,
        key_id: &app.key_id(),
        client_data: data,
        environments: &[Environment::Production],
        categories: &Categories::Any,
    };
    let sent = sent.unwrap();
    assert!(verify_attestation(&sent, &expected, first.root(), NOW).is_ok());
    let other = AppleSimulator::new(NOW).unwrap();
    assert!(verify_attestation(&sent, &expected, other.root(), NOW).is_err());

    app.assert(data).unwrap();
    let (key, counter) = (app.secret_key_pem(), app.counter());
    let mut kept = SimulatedApp::restored(id.clone(), &key, counter).unwrap();
    assert_eq!(kept.key_id(), app.key_id());
    let sent = kept.assert(data).unwrap();
    let judge = |previous_counter| {
        let expected = ExpectedAssertion {
            app: &id,
            public_key: &app.public_key(),
            client_data: data,
            previous_counter,
        };
        verify_assertion(&sent, &expected).map(|it| it.counter)
    };
    assert_eq!(judge(1).unwrap(), 2);
    assert!(judge(2).is_err());
    assert!(SimulatedApp::restored(id, &first.secret_root_key_pem(), 0).is_err());
    assert!(AppleSimulator::restored(&key, NOW).is_err());
}
