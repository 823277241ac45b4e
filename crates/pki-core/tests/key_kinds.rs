//! Kinds of keys: those that TLS signs with tell their public key, others are named. How the files were made is in
//! `data/README.md`.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

use pki_core::{EncodedKey, KeyError, KeyKind, KeyPair};
use x509_identity::PublicKeyAlgorithm;

const NOT_USED: &str = include_str!("data/keys-not-used.txt");
const USED: &str = include_str!("data/keys-used.txt");

/// Each name with its section.
fn files(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split("# ")
        .skip(1)
        .map(|file| file.split_once('\n').unwrap())
}

#[test]
fn a_key_tells_its_public_key() {
    for kind in [
        KeyKind::P256,
        KeyKind::P384,
        KeyKind::Rsa2048,
        KeyKind::Ed25519,
    ] {
        let key = KeyPair::generate(kind).unwrap();
        let read = EncodedKey::read(key.secret_pkcs8_der(), None).unwrap();
        assert_eq!(
            read.public_key_der().unwrap(),
            key.public_key_der(),
            "{kind:?}"
        );
    }
}

#[test]
fn keys_that_only_tls_uses_are_read() {
    for (name, pem) in files(USED) {
        let key = EncodedKey::read(pem.as_bytes(), None).unwrap();
        let public_key = key
            .public_key_der()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let (expected, pairs) = match name {
            "P-521" => (PublicKeyAlgorithm::EcP521, false),
            "RSA-2432" => (PublicKeyAlgorithm::Rsa { bits: 2432 }, false),
            // aws-lc knows the curve by its parameters.
            "sec1-explicit-P-256" => (PublicKeyAlgorithm::EcP256, true),
            "explicit-P-384" => (PublicKeyAlgorithm::EcP384, true),
            other => panic!("{other}"),
        };
        assert_eq!(
            PublicKeyAlgorithm::from_spki(&public_key).unwrap(),
            expected,
            "{name}"
        );
        assert_eq!(key.key_pair().is_ok(), pairs, "{name}");
    }
}

#[test]
fn other_kinds_are_named() {
    for (name, pem) in files(NOT_USED) {
        let refused = EncodedKey::read(pem.as_bytes(), None)
            .and_then(|key| key.public_key_der())
            .unwrap_err();
        let sentence = refused.to_string();
        let word = match name {
            "explicit-brainpoolP384r1" => "curve parameters of their own",
            "RSA-1024" => "RSA below 2048 bits",
            other => other
                .trim_start_matches("sec1-")
                .trim_start_matches("traditional-"),
        };
        assert!(sentence.contains(word), "{name}: {sentence}");
        match name {
            "OpenSSH" => assert!(matches!(refused, KeyError::OpenSshForm)),
            _ => assert!(
                matches!(refused, KeyError::Unusable { .. }),
                "{name}: {refused:?}"
            ),
        }
        let of_a_pair = KeyPair::from_pem(pem.as_bytes(), None).unwrap_err();
        assert!(of_a_pair.to_string().contains(word), "{name}: {of_a_pair}");
    }
}

#[test]
fn what_is_no_key_in_der_says_what_it_is() {
    let ca = test_pki::Ca::root("root");
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let refused = |der: &[u8]| EncodedKey::read(der, None).unwrap_err();
    for (der, word) in [
        (ca.der().to_vec(), "a certificate"),
        (ca.crl().der().to_vec(), "a revocation list"),
        (key.public_key_der().to_vec(), "a public key"),
    ] {
        let refused = refused(&der);
        assert!(
            matches!(&refused, KeyError::NotAKey { found } if found == word),
            "{refused}"
        );
    }
    let der = key.secret_pkcs8_der();
    for len in [1, 2, 10, der.len() - 1] {
        assert!(matches!(refused(&der[..len]), KeyError::Truncated), "{len}");
    }
    let pem = der::pem::encode_string("PRIVATE KEY", der::pem::LineEnding::LF, &der[..60]).unwrap();
    assert!(matches!(refused(pem.as_bytes()), KeyError::Truncated));
}
