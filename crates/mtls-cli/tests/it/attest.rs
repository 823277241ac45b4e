//! `mtls attest`: what a phone's evidence says, and whether it would pass.

use pki_attest::apple::{AppId, ClientData, Environment};
use pki_attest::simulator::{AndroidSimulator, AppleSimulator, Factory, SimulatedApp};
use pki_core::certificate_pem;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use crate::common::Place;

#[test]
fn an_android_chain_is_judged_for_its_request() {
    let place = Place::new();
    let device = AndroidSimulator::new(Factory::Remote, OffsetDateTime::now_utc()).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let mut description = AndroidSimulator::description(b"challenge");
    let chain = |description: &_| {
        let chain = device.attest(&key, description, None).unwrap();
        chain.iter().map(certificate_pem).collect::<String>()
    };
    place.write("chain.pem", chain(&description));
    place.write("root.pem", certificate_pem(device.root()));
    let csr = rcgen::CertificateParams::default().serialize_request(&key);
    place.write("device.csr", csr.unwrap().pem().unwrap());
    let other = rcgen::KeyPair::generate().unwrap();
    let csr = rcgen::CertificateParams::default().serialize_request(&other);
    place.write("other.csr", csr.unwrap().pem().unwrap());

    let asked = [
        "attest",
        "android",
        "chain.pem",
        "--root",
        "root.pem",
        "--challenge",
    ];
    let run =
        |challenge: &str, more: &[&str]| place.run(&[&asked, &[challenge][..], more].concat());
    let text = run("challenge", &["--csr", "device.csr"]).ok();
    assert!(text.contains("accepted"), "{text}");
    assert!(text.contains("same-key"), "{text}");
    assert!(text.contains("com.example.app 7"), "{text}");
    assert!(text.contains("2 certificates"), "{text}");
    let refused = run("challenge", &["--csr", "other.csr"]);
    assert_eq!(refused.code, 1);
    assert!(
        refused
            .stdout
            .contains("not the key of the certificate request"),
        "{refused:?}"
    );
    let refused = place.run(&[
        "--json",
        "attest",
        "android",
        "chain.pem",
        "--challenge",
        "other",
        "--root",
        "root.pem",
    ]);
    assert_eq!(refused.code, 1);
    let json: serde_json::Value = serde_json::from_str(&refused.stdout).unwrap();
    assert_eq!(json["accepted"], false);
    let other_challenge = format!(
        "it was made for another challenge: {}, where {} is expected",
        hex(b"challenge"),
        hex(b"other")
    );
    assert_eq!(json["reason"], other_challenge);
    assert_eq!(json["reasons"], serde_json::json!([other_challenge]));
    assert_eq!(json["genuine"], true);
    assert_eq!(json["description"]["attestationVersion"], "400");

    // Google's roots did not make it.
    let strict = place.run(&["attest", "android", "chain.pem", "--challenge", "challenge"]);
    assert_eq!(strict.code, 1);
    assert!(strict.stdout.contains("genuine"), "{strict:?}");
    assert!(strict.stdout.contains("no: whoever"), "{strict:?}");
    // All that is wrong, the first of it first.
    let unlocked = description.hardware_enforced.root_of_trust.as_mut();
    unlocked.unwrap().device_locked = false;
    place.write("unlocked.pem", chain(&description));
    let refused = place.run(&[
        "attest",
        "android",
        "unlocked.pem",
        "--challenge",
        "other",
        "--root",
        "root.pem",
        "--csr",
        "other.csr",
    ]);
    assert_eq!(refused.code, 1);
    let mut lines = refused.stdout.lines();
    let mut next = || lines.next().unwrap_or_default();
    assert!(next().starts_with("refused: it was made for another challenge"));
    let besides = next();
    assert!(besides.trim_start().starts_with("besides  "), "{besides}");
    assert!(besides.contains("the attested key is not the key"));
    assert!(next().ends_with("the device's bootloader is unlocked"));
    assert!(next().contains("yes: the certificates lead to the root"));
    assert!(refused.stdout.contains(&"ab".repeat(32)), "{refused:?}");
    description.hardware_enforced.root_of_trust = None;
    place.write("chain.pem", chain(&description));
    assert_eq!(run("challenge", &[]).code, 1);
    place.write("status.json", "{}");
    assert_eq!(run("challenge", &["--status", "status.json"]).code, 1);
    place.write("policy.toml", "unlocked = true\n");
    let ran = run("challenge", &["--policy", "policy.toml"]);
    ran.refused("policy.toml");
}

#[test]
fn an_apple_attestation_is_judged_for_its_app() {
    let place = Place::new();
    let apple = AppleSimulator::new(OffsetDateTime::now_utc()).unwrap();
    let id: AppId = "1234567890.com.example.app".parse().unwrap();
    let app = SimulatedApp::new(id).unwrap();
    let hash = Sha256::digest(b"challenge");
    let attestation = apple.attest(&app, ClientData::new(&hash), Environment::Development, None);
    place.write("attestation.cbor", attestation.unwrap());
    place.write("root.pem", certificate_pem(apple.root()));
    let key_id = base64(&app.key_id());
    let run = |app: &str, more: &[&str]| {
        let asked = [
            "attest",
            "apple",
            "attestation.cbor",
            "--root",
            "root.pem",
            "--challenge",
            "challenge",
            "--key-id",
            &key_id,
            "--app",
            app,
        ];
        place.run(&[&asked, more].concat())
    };
    let text = run("1234567890.com.example.app", &[]).ok();
    assert!(
        text.contains("development") && text.contains("app-store"),
        "{text}"
    );
    assert!(text.contains("yes: the certificates"), "{text}");
    // What it says is of use although it does not pass.
    let refused = run("1234567890.com.example.other", &["--production", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&refused.stdout).unwrap();
    assert_eq!(json["accepted"], false);
    assert_eq!(json["genuine"], true);
    assert_eq!(json["reasons"].as_array().unwrap().len(), 2, "{json}");
    assert_eq!(json["description"]["environment"], "development");
    assert_eq!(json["description"]["key_id"], key_id);
    for (app, more) in [
        ("1234567890.com.example.other", &[][..]),
        ("1234567890.com.example.app", &["--production"]),
        ("1234567890.com.example.app", &["--client-data", "raw"]),
    ] {
        let ran = run(app, more);
        assert_eq!(ran.code, 1, "{ran:?}");
    }
    assert_eq!(run("nonsense", &[]).code, 2);
}

fn hex(octets: &[u8]) -> String {
    base16ct::lower::encode_string(octets)
}

fn base64(octets: &[u8]) -> String {
    use base64ct::Encoding as _;
    base64ct::Base64::encode_string(octets)
}
