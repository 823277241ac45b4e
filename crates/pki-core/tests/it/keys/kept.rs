//! Keys: every form of file is read back, and what is no key says what it is.
use pki_core::{KeyError, KeyKind, KeyPair, Password, Signer};

const KINDS: [KeyKind; 4] = [
    KeyKind::P256,
    KeyKind::P384,
    KeyKind::Rsa2048,
    KeyKind::Ed25519,
];

#[test]
fn a_key_survives_pem_and_der() {
    for kind in KINDS {
        let key = KeyPair::generate(kind).unwrap();
        let from_pem = KeyPair::from_pem(key.secret_pkcs8_pem().as_bytes(), None).unwrap();
        let from_der = KeyPair::from_der(key.secret_pkcs8_der()).unwrap();
        for read in [from_pem, from_der] {
            assert_eq!(read.kind(), kind);
            assert_eq!(read.public_key_der(), KeyPair::public_key_der(&key));
        }
    }
}

#[test]
fn an_encrypted_key_opens_with_its_password_only() {
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let pem = key
        .secret_encrypted_pkcs8_pem(&Password::new("right"))
        .unwrap();
    let open = |password: Option<&str>| {
        KeyPair::from_pem(pem.as_bytes(), password.map(Password::new).as_ref())
    };

    assert_eq!(
        open(Some("right")).unwrap().public_key_der(),
        KeyPair::public_key_der(&key)
    );
    assert!(matches!(open(Some("wrong")), Err(KeyError::Decrypt)));
    assert!(matches!(open(None), Err(KeyError::Encrypted)));
}

#[test]
fn what_is_no_key_says_what_it_is() {
    let pem = |bytes: &[u8]| KeyPair::from_pem(bytes, None).map(|_| ()).unwrap_err();
    assert!(matches!(pem(b""), KeyError::Empty));
    assert!(matches!(pem(b"  \n"), KeyError::Empty));
    assert!(matches!(pem(&[0x30, 0x82, 0x01, 0xff]), KeyError::NotPem));
    assert!(matches!(pem(b"hello"), KeyError::NotAKey { .. }));
    assert!(matches!(pem(&[b'a'; 70_000]), KeyError::TooLarge { .. }));
    let swapped = pem(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    assert!(swapped.to_string().contains("swapped"), "{swapped}");
    let old = pem(b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n");
    assert!(matches!(old, KeyError::Encrypted));
}

#[test]
fn a_signature_verifies_under_the_public_key() {
    for kind in KINDS {
        let key = KeyPair::generate(kind).unwrap();
        let signature = key.sign(b"message").unwrap();
        assert!(!signature.is_empty());
        assert!(!format!("{key:?}").contains("pkcs8"));
    }
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_no_obstacle() {
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let pem = key.secret_pkcs8_pem();
    for text in [
        format!("\u{feff}{}", pem.as_str()),
        pem.replace('\n', "\r\n"),
        format!("Bag Attributes\n    localKeyID: 01\n{}", pem.as_str()),
    ] {
        assert!(KeyPair::from_pem(text.as_bytes(), None).is_ok());
    }
}

/// Made by `openssl pkcs8 -topk8 -scrypt -scrypt_N 2 -scrypt_r 1` for the password `pw`.
const SCRYPT: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----
MIIBEzBOBgkqhkiG9w0BBQ0wQTAgBgkrBgEEAdpHBAswEwQIBe56COwXoVwCAQIC
AQECAQEwHQYJYIZIAWUDBAEqBBASzKJSH3js/YyqcZ7icxbiBIHA0mc8TLqEz47l
041YE6bNpzbbuRKpxeUOjoxeIa3fM37JfGg6cGEMIkIc2H+WYW9+VzIm/GKOV4IU
ac5MTQUhFhXe02M47XmTz8rFTS3IWez7O5amMLtuhfPM8igflt615IOSwl07kbWu
ZhyW1JqngHfBKcaQOSG0dkndRoZXXDY3ID3iyTLHb15/W+b4rv+w/1yAw1LxuJzE
fXHMSg7+AodVKKIM8OQML/qyj72/gfI3NM/30R20ca3XcFgOqhMh
-----END ENCRYPTED PRIVATE KEY-----
";

#[test]
fn an_encrypted_key_asks_for_sensible_work_or_is_refused() {
    let open = |der: &[u8]| {
        let pem = der::pem::encode_string("ENCRYPTED PRIVATE KEY", der::pem::LineEnding::LF, der);
        KeyPair::from_pem(pem.unwrap().as_bytes(), Some(&Password::new("pw")))
    };
    let (_, good) = der::pem::decode_vec(SCRYPT.as_bytes()).unwrap();
    assert!(open(&good).is_ok());
    for n in [0, 1, 3, 0x80] {
        let mut bad = good.clone();
        bad[46] = n;
        assert!(open(&bad).is_err(), "N = {n}");
    }
}

#[test]
fn the_first_key_of_a_file_counts() {
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let both = format!("{}{SCRYPT}", key.secret_pkcs8_pem().as_str());
    let read = KeyPair::from_pem(both.as_bytes(), None).unwrap();
    assert_eq!(read.public_key_der(), KeyPair::public_key_der(&key));
    let both = format!("{SCRYPT}{}", key.secret_pkcs8_pem().as_str());
    assert!(matches!(
        KeyPair::from_pem(both.as_bytes(), None),
        Err(KeyError::Encrypted)
    ));
}
