//! What a file asks for is paid before it is done. That the schemes themselves are right is tested by files of other
//! programs, in `pki-core` and `pkcs12-ios`.
#![allow(clippy::unwrap_used, reason = "tests")]

use der::asn1::{Any, OctetString};
use der::referenced::OwnedToRef;
use der::{Decode, Encode, Sequence};
use pbe::{
    Budget, Cipher, Derivation, Digest, Limit, Limits, PasswordOctets, PbeError, Pbkdf2Params, Prf,
    Purpose, Request, Scheme, derive, oid, pbes1_3des, pbes2_aes256, pbkdf2,
};
use spki::AlgorithmIdentifierOwned;

/// As RFC 7914 section 7.1 has them.
#[derive(Sequence)]
struct ScryptParams {
    salt: OctetString,
    cost: u64,
    block_size: u32,
    parallelization: u32,
}

#[derive(Sequence)]
struct Pbes2 {
    key_derivation: AlgorithmIdentifierOwned,
    encryption: AlgorithmIdentifierOwned,
}

fn scrypt(cost: u64, block_size: u32, parallelization: u32) -> AlgorithmIdentifierOwned {
    let algorithm = |oid, parameters: Vec<u8>| AlgorithmIdentifierOwned {
        oid,
        parameters: Some(Any::from_der(&parameters).unwrap()),
    };
    let salt = OctetString::new(*b"salt").unwrap();
    let scrypt = ScryptParams {
        salt,
        cost,
        block_size,
        parallelization,
    };
    let iv = OctetString::new([0; 16]).unwrap();
    let pbes2 = Pbes2 {
        key_derivation: algorithm(oid::SCRYPT, scrypt.to_der().unwrap()),
        encryption: algorithm(oid::AES_256_CBC, iv.to_der().unwrap()),
    };
    algorithm(oid::PBES2, pbes2.to_der().unwrap())
}

/// Nothing here is encrypted, so the best that can happen is that a key was derived in vain.
fn decrypt(algorithm: &AlgorithmIdentifierOwned, budget: &mut Budget) -> PbeError {
    let scheme = Scheme::parse(&algorithm.owned_to_ref(), budget);
    scheme
        .and_then(|scheme| scheme.decrypt(&[0; 16], &mut PasswordOctets::new("password"), budget))
        .unwrap_err()
}

#[test]
fn scrypt_is_paid_by_the_memory_that_it_fills() {
    let mut budget = Budget::new(Limits {
        scrypt_memory: 3 * 16 * 128,
        ..Limits::default()
    });
    for _ in 0..3 {
        assert!(matches!(
            decrypt(&scrypt(16, 1, 1), &mut budget),
            PbeError::DecryptFailed
        ));
    }
    let refused = decrypt(&scrypt(16, 1, 1), &mut budget);
    assert!(matches!(
        refused,
        PbeError::LimitExceeded {
            what: Limit::ScryptMemory,
            limit: 6144,
            got: 8192
        }
    ));
    for (n, r, p) in [
        (1 << 40, 8, 1),
        (2, 1 << 29, 1),
        (16, 1, 1 << 29),
        (1 << 20, 1 << 20, 4),
    ] {
        let refused = decrypt(&scrypt(n, r, p), &mut Budget::new(Limits::default()));
        assert!(
            matches!(
                refused,
                PbeError::LimitExceeded { .. } | PbeError::UnsupportedParameters { .. }
            ),
            "{n} {r} {p}: {refused:?}"
        );
    }
}

#[test]
fn what_scrypt_does_not_define_is_refused() {
    for (n, r, p) in [
        (0, 1, 1),
        (1, 1, 1),
        (3, 1, 1),
        (u64::MAX, 1, 1),
        (2, 0, 1),
        (2, 1, 0),
    ] {
        let refused = decrypt(&scrypt(n, r, p), &mut Budget::new(Limits::default()));
        assert!(
            matches!(refused, PbeError::UnsupportedParameters { .. }),
            "{n} {r} {p}: {refused:?}"
        );
    }
}

#[test]
fn each_scheme_pays_for_its_hash_blocks() {
    // 3DES: two blocks of output for the key, one for the vector. AES-256: an HMAC of two. A wrong password is tried in
    // two forms.
    for (algorithm, cost, forms) in [
        (pbes1_3des(b"saltsalt", 1000).unwrap(), 3000, 1),
        (pbes2_aes256(b"saltsalt", 1000, &[0; 16]).unwrap(), 2000, 2),
    ] {
        let limits = |iterations, hash_blocks| Limits {
            iterations,
            hash_blocks,
            ..Limits::default()
        };
        let refused = decrypt(&algorithm, &mut Budget::new(limits(999, 100_000)));
        assert!(
            matches!(
                refused,
                PbeError::IterationsOutOfRange { got: 1000, ref allowed } if *allowed == (1..=999)
            ),
            "{refused:?}"
        );
        let whole = cost * forms;
        let refused = decrypt(&algorithm, &mut Budget::new(limits(1000, whole - 1)));
        assert!(
            matches!(
                refused,
                PbeError::LimitExceeded { what: Limit::HashBlocks, limit, got }
                    if (limit, got) == (whole - 1, whole)
            ),
            "{refused:?}"
        );
        assert!(matches!(
            decrypt(&algorithm, &mut Budget::new(limits(1000, whole))),
            PbeError::DecryptFailed
        ));
    }
}

#[test]
fn the_cost_is_known_before_the_work() {
    let algorithm = pbes2_aes256(b"saltsalt", 1_000_000, &[0; 16]).unwrap();
    let mut budget = Budget::new(Limits::default());
    let reference = algorithm.owned_to_ref();
    let scheme = Scheme::parse(&reference, &budget).unwrap();
    assert!(scheme.charge(&mut budget).is_ok());
    assert!(scheme.charge(&mut budget).is_ok());
    let refused = scheme.charge(&mut budget);
    assert!(matches!(
        refused,
        Err(PbeError::LimitExceeded {
            what: Limit::HashBlocks,
            limit: 5_000_000,
            got: 6_000_000
        })
    ));
}

#[test]
fn an_empty_password_is_derived_once() {
    let algorithm = pbes2_aes256(b"saltsalt", 1000, &[0; 16]).unwrap();
    let limits = Limits {
        hash_blocks: 2000,
        ..Limits::default()
    };
    let mut budget = Budget::new(limits);
    let reference = algorithm.owned_to_ref();
    let scheme = Scheme::parse(&reference, &budget).unwrap();
    let refused = scheme.decrypt(&[0; 16], &mut PasswordOctets::new(""), &mut budget);
    assert!(matches!(refused, Err(PbeError::DecryptFailed)));
}

/// What `openssl pkcs8 -topk8 -v2 aes256 -v2prf` writes with these, and few others do.
#[test]
fn truncated_sha_512_is_read_as_a_function_of_pbkdf2() {
    for (oid, prf) in [
        (oid::HMAC_SHA_512_224, Prf::HmacSha512_224),
        (oid::HMAC_SHA_512_256, Prf::HmacSha512_256),
    ] {
        let (salt, iv) = (*b"saltsalt", [7; 16]);
        let key = pbkdf2(prf, b"password", &salt, 1000, 32);
        let plain = zeroize::Zeroizing::new(vec![0x30, 0]);
        let sealed = Cipher::Aes256.encrypt(&key, &iv, plain).unwrap();
        let algorithm = |oid, parameters: Vec<u8>| AlgorithmIdentifierOwned {
            oid,
            parameters: Some(Any::from_der(&parameters).unwrap()),
        };
        let prf = algorithm(oid, vec![5, 0]);
        let kdf = Pbkdf2Params {
            salt: der::asn1::OctetStringRef::new(&salt).unwrap(),
            iterations: 1000.into(),
            key_length: None,
            prf: Some(prf.owned_to_ref()),
        };
        let pbes2 = Pbes2 {
            key_derivation: algorithm(oid::PBKDF2, kdf.to_der().unwrap()),
            encryption: algorithm(
                oid::AES_256_CBC,
                OctetString::new(iv).unwrap().to_der().unwrap(),
            ),
        };
        let algorithm = algorithm(oid::PBES2, pbes2.to_der().unwrap());
        let mut budget = Budget::new(Limits::default());
        let reference = algorithm.owned_to_ref();
        let scheme = Scheme::parse(&reference, &budget).unwrap();
        let mut decrypt =
            |password| scheme.decrypt(&sealed, &mut PasswordOctets::new(password), &mut budget);
        assert_eq!(*decrypt("password").unwrap(), [0x30, 0]);
        assert!(matches!(decrypt("Password"), Err(PbeError::DecryptFailed)));
    }
}

#[test]
fn equal_derivations_are_done_and_paid_once() {
    let compat = |salt| pbes1_3des(salt, 1000).unwrap();
    let modern = |salt| pbes2_aes256(salt, 1000, &[0; 16]).unwrap();
    for (algorithms, cost) in [
        (vec![compat(b"saltsalt"), compat(b"saltsalt")], 3000),
        (vec![compat(b"saltsalt"), compat(b"pepper!!")], 6000),
        (vec![modern(b"saltsalt"), modern(b"pepper!!")], 4000),
        (
            vec![
                modern(b"saltsalt"),
                compat(b"saltsalt"),
                modern(b"pepper!!"),
            ],
            7000,
        ),
    ] {
        // Each is wrong, and PBKDF2 is tried in a second form, which costs as much again.
        let guesses = algorithms.iter().filter(|it| it.oid == oid::PBES2).count() as u64;
        let enough = cost + 2000 * guesses;
        for (hash_blocks, is_enough) in [(enough, true), (enough - 1, false)] {
            let limits = Limits {
                hash_blocks,
                ..Limits::default()
            };
            let mut budget = Budget::new(limits);
            let references: Vec<_> = algorithms.iter().map(OwnedToRef::owned_to_ref).collect();
            let schemes: Vec<_> = references
                .iter()
                .map(|algorithm| Scheme::parse(algorithm, &budget).unwrap())
                .collect();
            let derivations: Vec<_> = schemes.iter().filter_map(Scheme::derivation).collect();
            let mut password = PasswordOctets::new("password");
            let mut refused = budget.prepare(&derivations, &password).err();
            for scheme in &schemes {
                match scheme.decrypt(&[0; 16], &mut password, &mut budget) {
                    Err(PbeError::DecryptFailed) => {}
                    Err(other) => refused = Some(other),
                    Ok(_) => unreachable!("nothing is encrypted"),
                }
            }
            assert_eq!(refused.is_none(), is_enough, "{cost}: {refused:?}");
        }
    }
}

#[test]
fn keys_that_were_prepared_are_the_right_ones() {
    let iv = [7; 16];
    let plain = || zeroize::Zeroizing::new(vec![0x30, 0]);
    let sealed = |salt: &[u8]| {
        let key = pbkdf2(Digest::Sha256, b"password", salt, 1000, 32);
        let ciphertext = Cipher::Aes256.encrypt(&key, &iv, plain()).unwrap();
        (pbes2_aes256(salt, 1000, &iv).unwrap(), ciphertext)
    };
    let parts = [sealed(b"saltsalt"), sealed(b"pepper!!"), sealed(b"third")];
    let mut budget = Budget::new(Limits::default());
    let references: Vec<_> = parts.iter().map(|(it, _)| it.owned_to_ref()).collect();
    let schemes: Vec<_> = references
        .iter()
        .map(|algorithm| Scheme::parse(algorithm, &budget).unwrap())
        .collect();
    let derivations: Vec<_> = schemes.iter().filter_map(Scheme::derivation).collect();
    let mut password = PasswordOctets::new("password");
    budget.prepare(&derivations, &password).unwrap();
    for (scheme, (_, ciphertext)) in schemes.iter().zip(&parts) {
        let opened = scheme.decrypt(ciphertext, &mut password, &mut budget);
        assert_eq!(*opened.unwrap(), [0x30, 0]);
    }
}

#[test]
fn the_key_of_a_mac_is_derived_beside_those_of_ciphers() {
    let password = PasswordOctets::new("password");
    let algorithm = pbes1_3des(b"saltsalt", 1000).unwrap();
    let mut budget = Budget::new(Limits {
        hash_blocks: 4000,
        ..Limits::default()
    });
    let scheme = Scheme::parse(&algorithm.owned_to_ref(), &budget)
        .unwrap()
        .derivation()
        .unwrap();
    let mac = Derivation::of_mac(Digest::Sha1, b"saltsalt", 1000).unwrap();
    assert!(scheme.fits_beside(&mac));
    let both = [scheme, mac.clone()];
    budget.prepare(&both, &password).unwrap();
    let request = Request {
        purpose: Purpose::MacKey,
        password: password.utf16(),
        salt: b"saltsalt",
        iterations: 1000,
        len: 20,
    };
    let alone = derive(Digest::Sha1, &[request]);
    assert_eq!(*budget.secret_prepared(&mac).unwrap(), *alone[0]);
    // Nothing is left, and nothing is done twice.
    budget.prepare(&both, &password).unwrap();
    assert!(budget.charge(1).is_err());
    // SHA-256 goes beside none of these.
    assert!(Derivation::of_mac(Digest::Sha256, b"saltsalt", 1000).is_none());
}
