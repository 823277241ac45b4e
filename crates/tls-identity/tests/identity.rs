//! Which files make an identity, and what is said about the others.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::sync::Arc;

use pki_core::{KeyError, KeyPair};
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
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
        assert!(matches!(
            wrong,
            Err(IdentityError::Key(
                KeyError::Decrypt(_) | KeyError::Malformed(_)
            ))
        ));
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
