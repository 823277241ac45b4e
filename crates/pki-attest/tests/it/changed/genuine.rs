//! Genuine evidence, where somebody has some: the directory that `PKI_ATTEST_SAMPLES` names.
//!
//! It has a table `index.tsv` of paths, kinds and what is expected; beside `NAME.cbor` a `NAME.json` with what the
//! evidence is about; beside `NAME.pem` perhaps a `NAME.keydescription.json` with what Google's verifier reads.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pki_attest::android::{KeyAttestation, KeyDescription, google_roots};
use pki_attest::apple::{Environment, app_attestation_root};
use serde_json::Value;
use spki::der::Decode as _;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use x509_identity::Certificate;

use super::android::{Chain, Written};
use super::apple::{Assertion, Attestation};

fn time(text: &str) -> OffsetDateTime {
    OffsetDateTime::parse(text, &Rfc3339).unwrap()
}

fn octets(json: &Value) -> Vec<u8> {
    STANDARD.decode(json.as_str().unwrap()).unwrap()
}

fn json(path: &Path) -> Option<Value> {
    let text = std::fs::read(path).ok()?;
    Some(serde_json::from_slice(&text).unwrap())
}

fn spki(pem: &Value) -> Vec<u8> {
    let pem = pem.as_str().unwrap();
    let lines = pem.lines().filter(|line| !line.starts_with('-'));
    let der = STANDARD.decode(lines.collect::<String>()).unwrap();
    assert!(spki::SubjectPublicKeyInfoRef::from_der(&der).is_ok());
    der
}

fn attestation(path: &Path) {
    let about = json(&path.with_extension("json")).unwrap();
    Attestation {
        bytes: std::fs::read(path).unwrap(),
        app: about["appId"].as_str().unwrap().parse().unwrap(),
        key_id: octets(&about["keyId"]),
        client_data: octets(&about["clientDataHash"]),
        environment: match about["expected"]["environment"].as_str() {
            Some("production") => Environment::Production,
            _ => Environment::Development,
        },
        root: app_attestation_root().clone(),
        now: time(about["verifyAt"].as_str().unwrap()),
    }
    .change_in_each_way();
}

fn assertion(path: &Path) {
    let about = json(&path.with_extension("json")).unwrap();
    Assertion {
        bytes: std::fs::read(path).unwrap(),
        app: about["appId"].as_str().unwrap().parse().unwrap(),
        public_key: spki(&about["publicKeyPem"]),
        client_data: octets(&about["clientData"]),
    }
    .change_in_each_way();
}

fn chain(path: &Path, expected: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    let end = "-----END CERTIFICATE-----";
    let blocks = text.split_inclusive(end).filter(|it| it.contains(end));
    let chain: Vec<_> = blocks
        .map(|it| Certificate::from_pem(it.as_bytes()).unwrap())
        .collect();
    let now = expected
        .split_once("verifyAt ")
        .and_then(|(_, rest)| rest.split_once(": "))
        .map_or_else(
            || {
                let begins = chain[1..].iter().map(Certificate::not_before);
                begins.max().unwrap() + Duration::HOUR
            },
            |(moment, _)| time(moment),
        );
    let read = KeyAttestation::read(&chain, google_roots(), None, now);
    let is_bad = expected.contains("REJECT");
    assert_eq!(read.is_err(), is_bad, "{}: {read:?}", path.display());
    if let Some(expected) = json(&path.with_extension("keydescription.json")) {
        let read = KeyDescription::of(&chain[0]).unwrap().unwrap();
        assert_has(&serde_json::to_value(&read).unwrap(), &expected, "");
    }
    if read.is_ok() {
        Written::of(&chain[0]).change_in_each_way();
        let roots = google_roots().to_vec();
        Chain { chain, roots, now }.change_in_each_way();
    }
}

/// Everything that is expected is there, and nothing else but whether tags are in order.
fn assert_has(seen: &Value, expected: &Value, at: &str) {
    let (Value::Object(seen), Value::Object(expected)) = (seen, expected) else {
        return assert_eq!(seen, expected, "{at}");
    };
    for (name, expected) in expected {
        let empty = Value::Null;
        assert_has(
            seen.get(name).unwrap_or(&empty),
            expected,
            &format!("{at}/{name}"),
        );
    }
    for name in seen.keys() {
        assert!(
            expected.contains_key(name) || name == "areTagsOrdered",
            "{at}/{name}"
        );
    }
}

#[test]
fn no_changed_genuine_evidence_is_accepted() {
    let Some(directory) = std::env::var_os("PKI_ATTEST_SAMPLES").map(PathBuf::from) else {
        return;
    };
    let index = std::fs::read_to_string(directory.join("index.tsv")).unwrap();
    let mut count = 0;
    for row in index.lines().skip(1) {
        let [path, kind, expected, ..] = row.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{row}");
        };
        let path = directory.join(path);
        match kind {
            "android-key chain" => chain(&path, expected),
            "apple-appattest attestation" => attestation(&path),
            "apple-appattest assertion" => assertion(&path),
            _ => continue,
        }
        println!("{}", path.display());
        count += 1;
    }
    assert_ne!(count, 0);
}
