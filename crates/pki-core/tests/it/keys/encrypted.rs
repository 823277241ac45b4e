//! Encrypted key files of other programs are read, or refused by the name of what is not read. How each was made is in
//! `data/README.md`.
use der::Encode;
use der::asn1::OctetStringRef;
use der::referenced::OwnedToRef;
use pki_core::{EncodedKey, KeyError, KeyKind, KeyPair, Password, PasswordFileError};
use proptest::prelude::*;

const PUBLIC_KEY: &[u8] = include_bytes!("../../data/encrypted-public.der");
const READ: &str = include_str!("../../data/encrypted.txt");
const NOT_READ: &str = include_str!("../../data/encrypted-not-read.txt");
const BY_NOTHING: &str = include_str!("../../data/encrypted-by-nothing.txt");

/// Each name with its section.
fn files(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split("# ")
        .skip(1)
        .map(|file| file.split_once('\n').unwrap())
}

fn open(pem: &str, password: &str) -> Result<KeyPair, KeyError> {
    KeyPair::from_pem(pem.as_bytes(), Some(&Password::new(password)))
}

#[test]
fn keys_of_other_programs_open_with_their_password_only() {
    assert_eq!(files(READ).count(), 44);
    for (name, pem) in files(READ) {
        let key = open(pem, "secret").unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(key.public_key_der(), PUBLIC_KEY, "{name}");
        for wrong in ["Secret", ""] {
            let refused = open(pem, wrong).unwrap_err();
            assert!(matches!(refused, KeyError::Decrypt), "{name}: {refused:?}");
        }
        let refused = KeyPair::from_pem(pem.as_bytes(), None).unwrap_err();
        assert!(matches!(refused, KeyError::Encrypted), "{name}: {refused}");
    }
}

#[test]
fn what_is_not_read_is_named_with_the_command_that_converts_it() {
    assert_eq!(files(NOT_READ).count(), 10);
    for (name, pem) in files(NOT_READ) {
        let refused = open(pem, "secret").unwrap_err();
        assert!(
            matches!(&refused, KeyError::UnsupportedEncryption { .. }),
            "{name}: {refused:?}"
        );
        let sentence = refused.to_string();
        assert!(sentence.contains("openssl pkcs8 -topk8"), "{sentence}");
        let named = ["RC4", "amellia", "CAMELLIA", "ARIA", "SEED", "BF", "MD5"];
        assert!(
            named.iter().any(|word| sentence.contains(word)),
            "{name}: {sentence}"
        );
    }
}

#[test]
fn an_empty_password_is_one() {
    assert_eq!(files(BY_NOTHING).count(), 4);
    for (name, pem) in files(BY_NOTHING) {
        let key = open(pem, "").unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(key.public_key_der(), PUBLIC_KEY, "{name}");
        assert!(
            matches!(open(pem, "secret"), Err(KeyError::Decrypt)),
            "{name}"
        );
    }
}

#[test]
fn a_key_in_der_is_decrypted_too() {
    let (_, pem) = files(READ)
        .find(|(name, _)| *name == "gnutls-3des")
        .unwrap();
    let (_, der) = der::pem::decode_vec(pem.as_bytes()).unwrap();
    let read = |password| EncodedKey::read(&der, Some(&Password::new(password)));
    let key = read("secret").unwrap().key_pair().unwrap();
    assert_eq!(key.public_key_der(), PUBLIC_KEY);
    assert!(matches!(read("wrong"), Err(KeyError::Decrypt)));
}

#[test]
fn damaged_headers_of_the_old_form_are_malformed() {
    let (_, pem) = files(READ)
        .find(|(name, _)| *name == "old-aes-256-cbc")
        .unwrap();
    assert!(open(pem, "secret").is_ok());
    let line = pem
        .lines()
        .find(|line| line.starts_with("DEK-Info"))
        .unwrap();
    for damaged in [
        "",
        "DEK-Info: AES-256-CBC",
        "DEK-Info: AES-256-CBC,00",
        "DEK-Info: AES-256-CBC,zz",
    ] {
        let refused = open(&pem.replace(line, damaged), "secret").unwrap_err();
        assert!(
            matches!(refused, KeyError::Malformed(_)),
            "{damaged}: {refused:?}"
        );
    }
    let lower = line.replace("AES-256-CBC", "aes-256-cbc");
    assert!(open(&pem.replace(line, &lower), "secret").is_ok());
}

#[test]
fn no_file_costs_more_than_the_limits() {
    let asking_for = |rounds| {
        let algorithm = pbe::pbes2_aes256(b"saltsalt", rounds, &[0; 16]).unwrap();
        let info = pbe::EncryptedPrivateKeyInfo {
            algorithm: algorithm.owned_to_ref(),
            encrypted_data: OctetStringRef::new(&[0; 32]).unwrap(),
        };
        let der = info.to_der().unwrap();
        EncodedKey::read(&der, Some(&Password::new("secret"))).unwrap_err()
    };
    assert!(matches!(asking_for(0), KeyError::Malformed(_)));
    assert!(matches!(asking_for(1000), KeyError::Decrypt));
    for too_many in [5_000_001, u32::MAX] {
        let refused = asking_for(too_many);
        assert!(
            matches!(refused, KeyError::KdfLimit { limit: 5_000_000, got, .. } if got == u64::from(too_many)),
            "{refused}"
        );
    }
}

#[test]
fn what_is_written_is_read_and_never_twice_the_same() {
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let write = || {
        key.secret_encrypted_pkcs8_pem(&Password::new("pw"))
            .unwrap()
    };
    let (first, second) = (write(), write());
    assert_ne!(*first, *second);
    assert_eq!(
        open(&first, "pw").unwrap().public_key_der(),
        key.public_key_der()
    );
    assert!(matches!(open(&first, "PW"), Err(KeyError::Decrypt)));
}

#[test]
fn a_password_file_is_read_as_it_is_saved() {
    for (content, password) in [
        (&b"secret"[..], "secret"),
        (b"secret\n", "secret"),
        (b"secret\r\n", "secret"),
        (b"\xef\xbb\xbfsecret\r\n", "secret"),
        (b" secret \nsecond line\n", " secret "),
        ("пароль\n".as_bytes(), "пароль"),
        (b"", ""),
        (b"\n", ""),
        (b"\r\n", ""),
        (b"secret\r", "secret"),
        (b"\xef\xbb\xbf", ""),
    ] {
        let read = Password::from_file(content).unwrap();
        assert_eq!(read.secret_str(), password, "{content:?}");
    }
    for content in [
        &b"\xff\xfes\0e\0c\0\r\0\n\0"[..],
        b"\xfe\xff\0s\0e\0c",
        b"s\0e\0c\0",
        b"\xff\xfe",
    ] {
        let refused = Password::from_file(content);
        assert!(
            matches!(refused, Err(PasswordFileError::Utf16)),
            "{content:?}"
        );
    }
    let nul = Password::from_file(b"secret\0");
    assert!(matches!(nul, Err(PasswordFileError::Nul)));
    let latin1 = Password::from_file(b"m\xfcller\n");
    assert!(matches!(latin1, Err(PasswordFileError::NotUtf8(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_changed_file_opens_as_another_key_or_panics(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        flip in 1..=255_u8,
    ) {
        let cheap = ["openssl-pbe", "openssl-3des-sha1", "old-", "gnutls-"];
        let cheap: Vec<_> = files(READ)
            .filter(|(name, _)| cheap.iter().any(|start| name.starts_with(start)))
            .collect();
        let (name, pem) = cheap[which.index(cheap.len())];
        let mut file = pem.as_bytes().to_vec();
        let at = at.index(file.len());
        file[at] ^= flip;
        // A change of what stands around a section is none, and CBC hides one of a name in it.
        if let Ok(key) = KeyPair::from_pem(&file, Some(&Password::new("secret"))) {
            prop_assert_eq!(key.public_key_der(), PUBLIC_KEY, "{}", name);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let password = Password::new("secret");
        prop_assert!(EncodedKey::read(&bytes, Some(&password)).and_then(|key| key.key_pair()).is_err());
        let _ = Password::from_file(&bytes);
    }
}
