//! The applications for phones have this lab's host, pins and password, and nothing of another's.
#![allow(clippy::unwrap_used, reason = "tests")]

use mtls_lab::{FileKind, KeyType, LAB_PASSWORD, Lab, Options, ServerName};
use pki_core::{KeyKind, KeyPair, Password};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::macros::datetime;
use x509_identity::Certificate;

const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

fn lab(names: &[&str]) -> Lab {
    let name = |text: &&str| text.parse::<ServerName>().unwrap();
    let options = Options {
        extra_names: names.iter().map(name).collect(),
        ..Options::default()
    };
    Lab::make(&options, NOW).unwrap()
}

fn text<'a>(lab: &'a Lab, path: &str) -> &'a str {
    let mut files = lab.files().iter();
    let file = files.find(|file| file.path() == path).unwrap();
    str::from_utf8(file.secret_contents()).unwrap()
}

fn pin(lab: &Lab, path: &str) -> String {
    use base64ct::{Base64, Encoding as _};
    let der = CertificateDer::from_pem_slice(text(lab, path).as_bytes()).unwrap();
    let certificate = Certificate::from_der(&der).unwrap();
    Base64::encode_string(&Sha256::digest(certificate.spki_der()))
}

#[test]
fn each_sample_is_filled_and_has_a_guide_beside_it() {
    let lab = lab(&[]);
    for (directory, count) in [("devices/ios/", 7), ("devices/android/", 9)] {
        let is_here = |path: &str| path.starts_with(directory);
        let files: Vec<_> = lab.files().iter().filter(|it| is_here(it.path())).collect();
        assert_eq!(files.len(), count, "{directory}");
        for file in files {
            let text = str::from_utf8(file.secret_contents()).unwrap();
            for mark in ["@HOST@", "@PORT@", "@PASSWORD@", "_PIN@"] {
                assert!(!text.contains(mark), "{mark} in {}", file.path());
            }
            let is_guide = file.path().ends_with("README.md");
            let kind = if is_guide {
                FileKind::Readme
            } else {
                FileKind::ClientSource
            };
            assert_eq!(file.about().kind, kind);
            let name = file.path().strip_prefix(directory).unwrap();
            let guide = self::text(&lab, &format!("{directory}README.md"));
            assert!(is_guide || guide.contains(name), "{name} is in no guide");
        }
    }
}

#[test]
fn the_pins_are_those_of_the_labs_own_keys() {
    let (one, other) = (lab(&[]), lab(&[]));
    for path in [
        "devices/ios/Lab.swift",
        "devices/android/Lab.java",
        "devices/android/network_security_config.xml",
    ] {
        for certificate in ["same-ca/server.crt", "same-ca/ca.crt"] {
            let text = text(&one, path);
            assert!(
                text.contains(&pin(&one, certificate)),
                "{path} {certificate}"
            );
            assert!(
                !text.contains(&pin(&other, certificate)),
                "{path} {certificate}"
            );
        }
    }
}

#[test]
fn the_host_is_the_first_name_that_a_phone_can_dial() {
    for (names, host) in [
        (&[][..], "localhost"),
        (&["10.0.2.2"], "10.0.2.2"),
        (&["10.0.2.2", "mac.local", "other.local"], "mac.local"),
        (&["*.example.org", "fd00::1"], "localhost"),
    ] {
        let lab = lab(names);
        for (path, line) in [
            ("devices/ios/Lab.swift", format!("host = \"{host}\"")),
            ("devices/android/Lab.java", format!("HOST = \"{host}\"")),
            (
                "devices/android/network_security_config.xml",
                format!(">{host}</domain>"),
            ),
        ] {
            assert!(text(&lab, path).contains(&line), "{path}: {line}");
        }
    }
}

#[test]
fn a_password_that_not_everybody_knows_is_in_no_source() {
    for (password, expected) in [
        (LAB_PASSWORD, LAB_PASSWORD),
        ("correct horse battery", "YOUR-PASSWORD"),
    ] {
        let options = Options {
            p12_password: Password::new(password),
            ..Options::default()
        };
        let lab = Lab::make(&options, NOW).unwrap();
        for path in ["devices/ios/Lab.swift", "devices/android/Lab.java"] {
            let line = format!("= \"{expected}\"");
            assert!(text(&lab, path).contains(&line), "{path}");
        }
        let mut files = lab.files().iter();
        let is_told = |contents: &[u8]| {
            let text = String::from_utf8_lossy(contents);
            text.contains("correct horse battery")
        };
        assert!(!files.any(|file| is_told(file.secret_contents())));
    }
}

#[test]
fn phones_that_take_no_such_keys_get_no_sample() {
    let options = Options {
        key_type: KeyType::MlDsa,
        ..Options::default()
    };
    let lab = Lab::make(&options, NOW).unwrap();
    let is_sample = |file: &mtls_lab::LabFile| file.path().starts_with("devices/");
    assert!(!lab.files().iter().any(is_sample));
}

/// Swift has to put the algorithm in front of a bare key by itself: what it puts there is compared with keys of ours.
#[test]
fn the_prefixes_of_keys_in_swift_are_those_of_real_keys() {
    let lab = lab(&[]);
    let source = text(&lab, "devices/ios/ServerTrust.swift");
    for (name, kind) in [
        ("ec256", KeyKind::P256),
        ("ec384", KeyKind::P384),
        ("rsa2048", KeyKind::Rsa2048),
        ("rsa4096", KeyKind::Rsa4096),
    ] {
        let (_, rest) = source.split_once(&format!("\"{name}\": [")).unwrap();
        let (octets, _) = rest.split_once(']').unwrap();
        let octet = |text: &str| u8::from_str_radix(text.strip_prefix("0x")?, 16).ok();
        let prefix: Vec<u8> = octets
            .split(',')
            .filter_map(|text| octet(text.trim()))
            .collect();
        let key = KeyPair::generate(kind).unwrap();
        let bare = key.public_key_der().strip_prefix(&*prefix);
        let bare = bare.unwrap_or_else(|| unreachable!("{name}: {prefix:02x?}"));
        // An uncompressed point, or RSAPublicKey.
        let first = if name.starts_with("ec") { 0x04 } else { 0x30 };
        assert_eq!(bare[0], first, "{name}");
    }
}
