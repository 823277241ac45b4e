//! How files are protected, and which readers take them.
#![allow(
    clippy::unwrap_used,
    reason = "a test says what it expects by unwrapping it"
)]

use pkcs12_ios::{Limits, Reader, inspect};
use pki_core::Password;

fn file(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The readers that object, by name.
fn refused_by(name: &str, password: Option<&str>) -> Vec<&'static str> {
    let password = password.map(Password::new);
    let inspection = inspect(&file(name), password.as_ref(), &Limits::default()).unwrap();
    Reader::ALL
        .into_iter()
        .filter(|reader| !inspection.check(*reader).is_empty())
        .map(Reader::name)
        .collect()
}

const OLD: [&str; 5] = ["android13", "ios17", "java8", "macos14", "windows2016"];

#[test]
fn the_outer_layer_is_known_without_the_password() {
    let inspection = inspect(&file("recipe-client.p12"), None, &Limits::default()).unwrap();
    assert!(inspection.archive().is_none());
    let mac = inspection.mac().unwrap();
    assert_eq!(mac.scheme.to_string(), "HMAC with SHA-256");
    assert_eq!((mac.iterations, mac.salt_len), (Some(2048), Some(8)));
    let parts: Vec<_> = inspection
        .parts()
        .iter()
        .map(|part| format!("{}: {}", part.place, part.scheme))
        .collect();
    let scheme = "AES-256 with PBKDF2 and HMAC-SHA-256";
    assert_eq!(
        parts,
        [
            format!("encrypted part: {scheme}"),
            format!("private key: {scheme}")
        ]
    );
    for (name, readers) in [
        ("recipe-client-ios.p12", vec![]),
        ("recipe-client.p12", OLD.to_vec()),
        ("openssl-legacy.p12", vec!["openssl3"]),
    ] {
        assert_eq!(refused_by(name, None), readers, "{name}");
    }
}

#[test]
fn the_reason_is_named_and_not_the_password() {
    let limits = Limits::default();
    for (name, reader, words) in [
        (
            "recipe-client.p12",
            Reader::Ios17,
            "MAC: HMAC with SHA-256 is not taken",
        ),
        ("gnutls-default.p12", Reader::Ios18, "without NULL"),
        ("nss-default.p12", Reader::Ios18, "AES-128"),
        ("openssl-no-mac.p12", Reader::OpenSsl3, "there is none"),
        (
            "openssl-key-plain.p12",
            Reader::Ios18,
            "not encrypted is ignored",
        ),
        ("openssl-rc4.p12", Reader::Nss, "RC4"),
    ] {
        let inspection = inspect(&file(name), None, &limits).unwrap();
        let objections = inspection.check(reader);
        let said: Vec<_> = objections.iter().map(ToString::to_string).collect();
        assert!(
            said.iter().any(|sentence| sentence.contains(words)),
            "{name}: {said:?}"
        );
    }
}

#[test]
fn a_wrong_password_is_still_one() {
    let wrong = Password::new("wrong");
    let refused = inspect(&file("recipe-client.p12"), Some(&wrong), &Limits::default());
    assert!(refused.is_err());
    let apple = ["ios17", "ios18", "macos14"];
    assert_eq!(refused_by("openssl-empty-password.p12", Some("")), apple);
    for reader in Reader::ALL {
        assert_eq!(reader.name().parse(), Ok(reader));
    }
    assert!("ios16".parse::<Reader>().is_err());
}
