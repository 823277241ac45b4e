//! Files made by hand: hostile, or of a form that no writer uses.

#![allow(
    clippy::unwrap_used,
    reason = "a test says what it expects by unwrapping it"
)]

use const_oid::ObjectIdentifier;
use der::Encode;
use der::asn1::{Any, OctetString, OctetStringRef};
use pbe::oid::{AES_256_CBC, PBES2, PBKDF2};
use pbe::{Count, EncryptedPrivateKeyInfo, Pbes2Params, Pbkdf2Params};
use pki_core::Password;
use spki::AlgorithmIdentifierRef;

use super::*;
use crate::asn1::{ContentInfo, Pfx, SafeBag, oid};

const SECRET_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.5");

/// A file without a MAC: `bags` bags of one type, each with a key that costs `iterations`.
fn without_mac(bag_id: ObjectIdentifier, bags: usize, iterations: i64) -> Vec<u8> {
    let kdf = Any::encode_from(&Pbkdf2Params {
        salt: OctetStringRef::new(b"saltsalt").unwrap(),
        iterations: Count(iterations),
        key_length: None,
        prf: None,
    })
    .unwrap();
    let iv = Any::encode_from(&OctetString::new([0; 16]).unwrap()).unwrap();
    let algorithm = |oid, params| AlgorithmIdentifierRef {
        oid,
        parameters: Some(params),
    };
    let pbes2 = Any::encode_from(&Pbes2Params {
        key_derivation: algorithm(PBKDF2, kdf.to_ref()),
        encryption: algorithm(AES_256_CBC, iv.to_ref()),
    })
    .unwrap();
    let key = Any::encode_from(&EncryptedPrivateKeyInfo {
        algorithm: algorithm(PBES2, pbes2.to_ref()),
        encrypted_data: OctetStringRef::new(&[0; 16]).unwrap(),
    })
    .unwrap();
    let bags: Vec<_> = (0..bags)
        .map(|_| SafeBag {
            bag_id,
            bag_value: key.to_ref(),
            bag_attributes: None,
        })
        .collect();
    wrap(&wrap_list(&bags.to_der().unwrap()))
}

fn wrap_list(safe_contents: &[u8]) -> Vec<u8> {
    let octets = Any::encode_from(&OctetString::new(safe_contents).unwrap()).unwrap();
    vec![ContentInfo {
        content_type: oid::DATA,
        content: octets.to_ref(),
    }]
    .to_der()
    .unwrap()
}

fn wrap(authenticated_safe: &[u8]) -> Vec<u8> {
    let octets = Any::encode_from(&OctetString::new(authenticated_safe).unwrap()).unwrap();
    let auth_safe = ContentInfo {
        content_type: oid::DATA,
        content: octets.to_ref(),
    };
    Pfx {
        version: 3.into(),
        auth_safe,
        mac_data: None,
    }
    .to_der()
    .unwrap()
}

fn read(file: &[u8], limits: &Limits) -> Result<Archive, ReadError> {
    Archive::read(file, &Password::new("password"), limits)
}

#[test]
fn secret_bags_cost_nothing() {
    // Six of these cost p12-keystore 0.4.1 two thirds of a second, without any password.
    let file = without_mac(SECRET_BAG, 6, 1_000_000);
    assert!(matches!(
        read(&file, &Limits::default()),
        Err(ReadError::MacMissing)
    ));
    let archive = read(&file, &Limits::default().allow_missing_mac()).unwrap();
    assert!(archive.keys().is_empty() && archive.certificates().is_empty());
}

#[test]
fn the_first_bag_that_cannot_be_read_ends_the_reading() {
    let limits = Limits::default().allow_missing_mac();
    let file = without_mac(oid::SHROUDED_KEY_BAG, 64, 10);
    let place = Place::KeyBag;
    assert!(
        matches!(read(&file, &limits), Err(ReadError::DecryptFailed { place: p }) if p == place)
    );
    for iterations in [0, -1, 1_000_001, i64::MIN, i64::MAX] {
        let file = without_mac(oid::SHROUDED_KEY_BAG, 1, iterations);
        assert!(matches!(
            read(&file, &limits),
            Err(ReadError::IterationsOutOfRange { got, .. }) if got == iterations
        ));
    }
}

#[test]
fn bags_are_counted_even_if_they_are_passed_over() {
    let limits = Limits::default().allow_missing_mac();
    assert!(read(&without_mac(SECRET_BAG, 64, 1), &limits).is_ok());
    let refused = read(&without_mac(SECRET_BAG, 65, 1), &limits);
    assert!(matches!(
        refused,
        Err(ReadError::LimitExceeded {
            what: Limit::Bags,
            limit: 64,
            got: 65
        })
    ));
}

#[test]
fn lists_of_bags_nest_as_deep_as_the_encoding_may() {
    let nested = |levels: usize| {
        let mut list = Any::encode_from(&Vec::<SafeBag<'_>>::new()).unwrap();
        for _ in 0..levels {
            let bag = SafeBag {
                bag_id: oid::SAFE_CONTENTS_BAG,
                bag_value: list.to_ref(),
                bag_attributes: None,
            };
            list = Any::encode_from(&vec![bag]).unwrap();
        }
        wrap(&wrap_list(&list.to_der().unwrap()))
    };
    let limits = Limits::default().allow_missing_mac();
    assert!(read(&nested(5), &limits).is_ok());
    let refused = read(&nested(6), &limits);
    assert!(matches!(
        refused,
        Err(ReadError::LimitExceeded {
            what: Limit::Nesting,
            ..
        })
    ));
}

#[test]
fn a_file_of_another_version_is_refused() {
    let mut file = without_mac(SECRET_BAG, 0, 1);
    let version = file.windows(3).position(|at| at == [2, 1, 3]).unwrap() + 2;
    file[version] = 4;
    let refused = read(&file, &Limits::default());
    assert!(matches!(refused, Err(ReadError::BadVersion { got: 4 })));
}

#[test]
fn what_many_bags_cost_is_refused_before_the_first_is_opened() {
    let limits = Limits::default().allow_missing_mac();
    // HMAC-SHA-1 and AES-256: four hash blocks a round.
    for (bags, iterations, cost) in [(2, 1_000_000, 8_000_000), (64, 100_000, 25_600_000)] {
        let file = without_mac(oid::SHROUDED_KEY_BAG, bags, iterations);
        match read(&file, &limits) {
            Err(ReadError::LimitExceeded {
                what: Limit::HashBlocks,
                limit: 7_000_000,
                got,
            }) => assert!(got <= cost && got > 7_000_000, "{got}"),
            other => unreachable!("{other:?}"),
        }
    }
    // An inspection with a password would have to do the work too, and one without does none.
    let costly = without_mac(oid::SHROUDED_KEY_BAG, 64, 100_000);
    let password = Password::new("password");
    let refused = walk(&costly, Some(&password), &limits, Refused::Note);
    assert!(matches!(refused, Err(ReadError::LimitExceeded { .. })));
    let shown = walk(&costly, None, &limits, Refused::Note).unwrap();
    assert_eq!(all_bags(&shown.parts).len(), 64);
    // Within the limit, the first key is tried, in two forms.
    let file = without_mac(oid::SHROUDED_KEY_BAG, 64, 1000);
    assert!(matches!(
        read(&file, &limits),
        Err(ReadError::DecryptFailed { .. })
    ));
}

#[test]
fn numbers_past_64_bits_are_refused_for_their_size() {
    let file = without_mac(oid::SHROUDED_KEY_BAG, 1, i64::MAX);
    let limits = Limits::default().allow_missing_mac();
    let refused = read(&file, &limits).unwrap_err().to_string();
    assert_eq!(
        refused,
        "the private key asks for 2^63 or more iterations, allowed are 1 to 1000000"
    );
}

#[test]
fn scrypt_is_refused_by_name() {
    let kdf = Any::encode_from(&OctetString::new([0; 4]).unwrap()).unwrap();
    let iv = Any::encode_from(&OctetString::new([0; 16]).unwrap()).unwrap();
    let algorithm = |oid, params| AlgorithmIdentifierRef {
        oid,
        parameters: Some(params),
    };
    let pbes2 = Any::encode_from(&Pbes2Params {
        key_derivation: algorithm(pbe::oid::SCRYPT, kdf.to_ref()),
        encryption: algorithm(AES_256_CBC, iv.to_ref()),
    })
    .unwrap();
    let key = Any::encode_from(&EncryptedPrivateKeyInfo {
        algorithm: algorithm(PBES2, pbes2.to_ref()),
        encrypted_data: OctetStringRef::new(&[0; 16]).unwrap(),
    })
    .unwrap();
    let bag = SafeBag {
        bag_id: oid::SHROUDED_KEY_BAG,
        bag_value: key.to_ref(),
        bag_attributes: None,
    };
    let file = wrap(&wrap_list(&vec![bag].to_der().unwrap()));
    let refused = read(&file, &Limits::default().allow_missing_mac()).unwrap_err();
    assert!(
        matches!(&refused, ReadError::UnsupportedAlgorithm { oid, place: Place::KeyBag } if *oid == pbe::oid::SCRYPT)
    );
    assert!(
        refused
            .to_string()
            .contains("scrypt (1.3.6.1.4.1.11591.4.11)")
    );
}

#[test]
fn bags_that_are_passed_over_are_shown() {
    let limits = Limits::default().allow_missing_mac();
    for (bag_id, kind) in [
        (SECRET_BAG, "secretBag"),
        (oid::CRL_BAG, "crlBag"),
        (
            ObjectIdentifier::new_unwrap("1.3.6.1.4.1.99999.1"),
            "1.3.6.1.4.1.99999.1",
        ),
    ] {
        let archive = read(&without_mac(bag_id, 2, 1_000_000), &limits).unwrap();
        let kinds: Vec<_> = archive.skipped().iter().map(SkippedBag::kind).collect();
        assert_eq!(kinds, [kind, kind]);
    }
    let archive = read(&without_mac(SECRET_BAG, 0, 1), &limits).unwrap();
    assert!(archive.skipped().is_empty());
}
