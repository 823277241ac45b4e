//! Which files make an identity, and what is said about the others.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::sync::Arc;

use pki_core::{KeyError, KeyPair};
use rcgen::{CertificateParams, DnType};
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::CertificateDer;
use tls_identity::{
    FileError, Found, Identity, IdentityError, IdentityFileError, IdentityFiles, Password,
};

struct Own {
    chain: Vec<CertificateDer<'static>>,
    chain_pem: String,
    key: rcgen::KeyPair,
}

/// A self-signed certificate, with another one behind it.
fn own(algorithm: &'static rcgen::SignatureAlgorithm) -> Own {
    let make = |name: &str| {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
        (params.self_signed(&key).unwrap(), key)
    };
    let ((leaf, key), (other, _)) = (make("own"), make("other"));
    Own {
        chain: vec![leaf.der().clone(), other.der().clone()],
        chain_pem: leaf.pem() + &other.pem(),
        key,
    }
}

fn p256() -> Own {
    own(&rcgen::PKCS_ECDSA_P256_SHA256)
}

#[test]
fn chain_and_key_are_pem_or_der_in_any_combination() {
    let own = p256();
    let (pem, key_pem) = (own.chain_pem.as_bytes(), own.key.serialize_pem());
    let (der, key_der) = (own.chain[0].to_vec(), own.key.serialize_der());
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
    for algorithm in [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ECDSA_P521_SHA512,
        &rcgen::PKCS_ED25519,
    ] {
        let own = own(algorithm);
        let key = own.key.serialize_pem();
        Identity::from_pem(own.chain_pem.as_bytes(), key.as_bytes()).unwrap();
    }
}

#[test]
fn a_key_fits_its_own_certificate_alone_and_says_where_that_is() {
    let (own, other) = (p256(), p256());
    let key = |own: &Own| own.key.serialize_pem();
    let swapped: Vec<_> = own.chain.iter().rev().cloned().collect();
    let signing = any_supported_type(&own.key.serialize_der().try_into().unwrap()).unwrap();
    assert!(matches!(
        Identity::new(swapped, Arc::clone(&signing)),
        Err(IdentityError::ChainOrder { position: 2 })
    ));
    assert!(Identity::new(own.chain.clone(), signing).is_ok());
    let mismatch = Identity::from_pem(own.chain_pem.as_bytes(), key(&other).as_bytes());
    assert!(matches!(mismatch, Err(IdentityError::KeyMismatch { subject }) if subject == "CN=own"));
}

#[test]
fn an_encrypted_key_opens_with_its_password_only_in_pem_and_der() {
    let own = p256();
    let right = Password::new("right");
    let key = KeyPair::from_pem(own.key.serialize_pem().as_bytes(), None).unwrap();
    let pem = key.secret_encrypted_pkcs8_pem(&right).unwrap();
    let file = pki_core::pem::read(pem.as_bytes()).unwrap();
    let der = file.sections().next().unwrap().der().unwrap();
    let chain = own.chain_pem.as_bytes();
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
    let own = p256();
    let (chain, key) = (own.chain_pem.as_bytes(), own.key.serialize_pem());
    let key = key.as_bytes();
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
    let own = p256();
    let path = |name: &str| directory.path().join(name);
    fs::write(path("own.crt"), &own.chain_pem).unwrap();
    fs::write(path("own.key"), own.key.serialize_pem()).unwrap();
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
