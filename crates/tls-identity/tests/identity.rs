//! Which files make an identity, and what is said about the others.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::sync::Arc;

use base64ct::{Base64, Encoding as _};
use pkcs12_ios::Bundle;
use pki_core::{KeyError, KeyPair};
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::sign::{Signer, SigningKey};
use rustls::{SignatureAlgorithm, SignatureScheme};
use test_pki::der::{content, tlv};
use test_pki::{Ca, KeyKind, Leaf};
use tls_identity::{
    FileError, Found, Identity, IdentityError, IdentityFileError, IdentityFiles, Password,
};

/// A self-signed certificate, with another one behind it.
fn own() -> Leaf {
    let other = Ca::root("other");
    other.client("own").self_signed().presenting([other.der()])
}

#[test]
fn chain_and_key_are_pem_or_der_in_any_combination() {
    let own = own();
    let (chain, key_pem) = (own.chain_pem(), own.key_pem());
    let pem = chain.as_bytes();
    let (der, key_der) = (own.der().to_vec(), own.key().serialize_der());
    for (chain, length) in [(pem, 2), (&der[..], 1), (&[&der[..], b"\n"].concat(), 1)] {
        for key in [key_pem.as_bytes(), &key_der] {
            let identity = Identity::from_pem(chain, key).unwrap();
            assert_eq!(identity.certified_key().cert.len(), length);
            assert_eq!(identity.certificate().subject().common_name(), Some("own"));
            assert!(!format!("{identity:?}").contains("key"), "{identity:?}");
        }
    }
    let marked = [b"\xef\xbb\xbf".as_slice(), pem].concat();
    let identity = Identity::from_pem(&marked, key_pem.as_bytes()).unwrap();
    assert_eq!(identity.certified_key().cert.len(), 2);
}

#[test]
fn every_kind_of_key_that_tls_signs_with_is_taken() {
    for kind in [
        KeyKind::P256,
        KeyKind::P384,
        KeyKind::P521,
        KeyKind::Ed25519,
    ] {
        let own = own().with_key(kind);
        Identity::from_pem(own.chain_pem().as_bytes(), own.key_pem().as_bytes()).unwrap();
    }
}

#[test]
fn a_key_fits_its_own_certificate_alone_and_says_where_that_is() {
    let (own, other) = (own(), own());
    let key = Leaf::key_pem;
    let swapped: Vec<_> = own.chain().into_iter().rev().collect();
    let signing = any_supported_type(&own.key_der()).unwrap();
    assert!(matches!(
        Identity::new(swapped, Arc::clone(&signing)),
        Err(IdentityError::ChainOrder { position: 2 })
    ));
    assert!(Identity::new(own.chain(), signing).is_ok());
    let mismatch = Identity::from_pem(own.chain_pem().as_bytes(), key(&other).as_bytes());
    assert!(matches!(mismatch, Err(IdentityError::KeyMismatch { subject }) if subject == "CN=own"));
}

#[test]
fn of_several_keys_the_first_counts_and_that_is_said() {
    let (own, other) = (own(), own());
    let (chain, key, second) = (own.chain_pem(), own.key_pem(), other.key_pem());
    let read = |keys: String| Identity::from_pem(chain.as_bytes(), keys.as_bytes());
    assert!(read(format!("{key}{second}")).is_ok());
    let refused = read(format!("{second}{key}"));
    assert!(
        matches!(&refused, Err(error @ IdentityError::FirstKey { count: 2, .. }) if error.is_about_key()),
        "{refused:?}"
    );
}

#[test]
fn a_compressed_point_is_the_same_key() {
    for _ in 0..8 {
        let ca = Ca::root("root");
        let (own, other) = (ca.client("own"), ca.client("other"));
        let compressed = |flip: u8| {
            let der = ca.rewrite(own.der(), |fields| {
                let spki = test_pki::der::fields(content(&fields[6]));
                let point = &content(&spki[1])[1..];
                let form = 2 + ((point[64] % 2) ^ flip);
                let bits = tlv(3, [&[0, form], &point[1..33]].concat());
                fields[6] = tlv(0x30, [spki[0].clone(), bits].concat());
            });
            vec![der.into()]
        };
        let key = |leaf: &Leaf| any_supported_type(&leaf.key_der()).unwrap();
        assert!(Identity::new(compressed(0), key(&own)).is_ok());
        for (chain, key) in [(compressed(1), key(&own)), (compressed(0), key(&other))] {
            let refused = Identity::new(chain, key);
            assert!(
                matches!(refused, Err(IdentityError::KeyMismatch { .. })),
                "{refused:?}"
            );
        }
    }
}

/// A key elsewhere, which signs and does not tell its public key.
#[derive(Debug)]
struct Token(Arc<dyn SigningKey>);

impl SigningKey for Token {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        self.0.choose_scheme(offered)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }
}

#[test]
fn a_key_that_does_not_tell_its_public_key_is_taken_at_its_word() {
    let (own, other) = (own(), own());
    let signing = any_supported_type(&other.key().serialize_der().try_into().unwrap()).unwrap();
    let token = Arc::new(Token(Arc::clone(&signing)));
    assert!(Identity::new(own.chain(), token).is_ok());
    assert!(matches!(
        Identity::new(own.chain(), signing),
        Err(IdentityError::KeyMismatch { .. })
    ));
}

#[test]
fn a_bundle_opens_with_its_password_only() {
    let own = own();
    let right = Password::new("right");
    let key = KeyPair::from_pem(own.key_pem().as_bytes(), None).unwrap();
    let bundle = Bundle::builder(&key, own.der()).build(&right).unwrap();
    assert!(Identity::from_pkcs12(&[&bundle[..], b"\n"].concat(), &right).is_ok());
    assert!(Identity::from_pkcs12(&[&bundle[..], &bundle].concat(), &right).is_err());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("own.p12");
    fs::write(&path, &bundle).unwrap();
    for (word, opens) in [("right", true), ("wrong", false)] {
        let password = Password::new(word);
        let in_memory = Identity::from_pkcs12(&bundle, &password);
        assert_eq!(in_memory.is_ok(), opens, "{word}: {in_memory:?}");
        let file = IdentityFiles::pkcs12(&path, password).read();
        assert_eq!(file.is_ok(), opens, "{word}: {file:?}");
    }
}

#[test]
fn what_is_no_bundle_says_what_it_is() {
    let own = own();
    let password = Password::new("right");
    let key = KeyPair::from_pem(own.key_pem().as_bytes(), None).unwrap();
    let bundle = Bundle::builder(&key, own.der()).build(&password).unwrap();
    let base64 = Base64::encode_string(&bundle);
    for (file, found) in [
        (own.chain_pem().as_bytes(), Found::Certificate),
        (own.key_pem().as_bytes(), Found::PrivateKey),
        (own.der(), Found::Certificate),
        (&bundle[..bundle.len() - 1], Found::Truncated),
        (&bundle[..100], Found::Truncated),
        (base64.as_bytes(), Found::Base64Pkcs12),
        (b"", Found::Nothing),
    ] {
        let refused = Identity::from_pkcs12(file, &password).unwrap_err();
        assert!(
            matches!(refused, IdentityError::NotPkcs12 { found: it } if it == found),
            "{found}: {refused:?}"
        );
    }
    assert!(Identity::from_pkcs12(&bundle, &password).is_ok());
    let garbage = Identity::from_pkcs12(b"garbage", &password);
    assert!(matches!(garbage, Err(IdentityError::Pkcs12(_))));
}

#[test]
fn a_certificate_that_hides_its_key_is_named_rather_than_the_key_called_wrong() {
    for (file, explicit) in [
        (&include_bytes!("data/explicit-curve.pem")[..], true),
        (include_bytes!("data/pss.pem"), false),
    ] {
        let refused = Identity::from_pem(file, file).unwrap_err();
        match refused {
            IdentityError::ExplicitCurve { subject } => {
                assert_eq!((explicit, &*subject), (true, "CN=explicit"))
            }
            IdentityError::PssKey { subject } => {
                assert_eq!((explicit, &*subject), (false, "CN=pss"))
            }
            other => panic!("{other}"),
        }
    }
    let own = own();
    let explicit = include_bytes!("data/explicit-curve.pem");
    // The key alone is a good one, and another's.
    assert!(matches!(
        Identity::from_pem(own.chain_pem().as_bytes(), explicit),
        Err(IdentityError::KeyMismatch { .. })
    ));
}

#[test]
fn what_is_no_chain_says_what_it_is() {
    let own = own();
    let certificate = own.der().to_vec();
    for (chain, found) in [
        (
            &b"-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n"[..],
            Found::PublicKey,
        ),
        (
            b"-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n",
            Found::RevocationList,
        ),
        // A signedData in DER.
        (
            &[0x30, 13, 6, 9, 42, 134, 72, 134, 247, 13, 1, 7, 2, 0xa0, 0],
            Found::Container,
        ),
        (&certificate[..certificate.len() - 1], Found::Truncated),
        (&[0x30, 0x80, 2, 1, 3, 0, 0], Found::Pkcs12),
    ] {
        let refused = Identity::from_pem(chain, own.key_pem().as_bytes()).unwrap_err();
        assert!(
            matches!(refused, IdentityError::NoCertificate { found: it } if it == found),
            "{found}: {refused:?}"
        );
    }
}

#[test]
fn the_hash_changes_with_either_file_and_shows_no_key() {
    let own = own();
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let files = IdentityFiles::pem(path("own.crt"), path("own.key"));
    let mut hashes = Vec::new();
    for (chain, key) in [("a", "b"), ("c", "b"), ("c", "d"), ("cd", ""), ("", "cd")] {
        fs::write(path("own.crt"), chain).unwrap();
        fs::write(path("own.key"), key).unwrap();
        let content = files.content().unwrap();
        assert_eq!(content.hash(), files.content().unwrap().hash());
        assert!(!hashes.contains(content.hash()), "{chain} {key}");
        hashes.push(*content.hash());
    }
    let key = own.key_pem();
    fs::write(path("own.key"), &key).unwrap();
    assert_eq!(format!("{:?}", files.content().unwrap()), "Content { .. }");
}

#[test]
fn an_encrypted_key_opens_with_its_password_only_in_pem_and_der() {
    let own = own();
    let right = Password::new("right");
    let key = KeyPair::from_pem(own.key_pem().as_bytes(), None).unwrap();
    let pem = key.secret_encrypted_pkcs8_pem(&right).unwrap();
    let file = pki_core::pem::read(pem.as_bytes()).unwrap();
    let der = file.sections().next().unwrap().der().unwrap();
    let chain = own.chain_pem();
    let chain = chain.as_bytes();
    for key in [pem.as_bytes(), &der] {
        assert!(Identity::from_pem_with_password(chain, key, &right).is_ok());
        let wrong = Identity::from_pem_with_password(chain, key, &Password::new("wrong"));
        assert!(matches!(wrong, Err(IdentityError::Key(KeyError::Decrypt))));
        assert!(matches!(
            Identity::from_pem(chain, key),
            Err(IdentityError::Key(KeyError::Encrypted))
        ));
    }
}

#[test]
fn what_makes_no_identity_says_what_it_is_instead() {
    let own = own();
    let (chain, key) = (own.chain_pem(), own.key_pem());
    let (chain, key) = (chain.as_bytes(), key.as_bytes());
    let refused = |chain: &[u8], key: &[u8]| Identity::from_pem(chain, key).unwrap_err();
    assert!(matches!(refused(b" \n", key), IdentityError::Empty));
    assert!(matches!(
        refused(key, chain),
        IdentityError::NoCertificate {
            found: Found::PrivateKey
        }
    ));
    assert!(matches!(refused(&chain[..100], key), IdentityError::Pem(_)));
    assert!(matches!(
        refused(b"hello", key),
        IdentityError::NoCertificate {
            found: Found::Unknown
        }
    ));
    assert!(refused(chain, chain).is_about_key());
    assert!(refused(chain, b"").is_about_key());
    assert!(matches!(
        refused(b"0\x03abc", key),
        IdentityError::Certificate { position: 1, .. }
    ));
}

#[test]
fn a_file_at_fault_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let own = own();
    let path = |name: &str| directory.path().join(name);
    own.write_to(&directory, "own");
    fs::write(path("long"), vec![b' '; (1 << 20) + 1]).unwrap();
    assert!(Identity::from_files(path("own.crt"), path("own.key")).is_ok());

    let read = |chain: &str, key: &str| IdentityFiles::pem(path(chain), path(key)).read();
    for (chain, key, at_fault) in [
        ("missing", "own.key", "missing"),
        ("own.crt", "missing", "missing"),
        ("", "own.key", ""),
        ("long", "own.key", "long"),
        ("own.key", "own.key", "own.key"),
        ("own.crt", "own.crt", "own.crt"),
    ] {
        let error = read(chain, key).unwrap_err();
        assert_eq!(error.path(), path(at_fault), "{error}");
        assert!(
            error
                .to_string()
                .starts_with(&error.path().display().to_string())
        );
    }
    assert!(matches!(
        read("long", "own.key"),
        Err(IdentityFileError::Unreadable {
            source: FileError::TooLarge { limit: 1_048_576 },
            ..
        })
    ));
}
