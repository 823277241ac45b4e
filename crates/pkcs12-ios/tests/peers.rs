//! Files that other programs made. How each was made is in `data/README.md`.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what it expects by unwrapping it"
)]

use const_oid::ObjectIdentifier;
use pkcs12_ios::{Archive, Bundle, Limits, OpenError, Place, ReadError};
use pki_core::Password;

const CLIENT: &[u8] = include_bytes!("data/client.der");
const RECIPE_CLIENT: &[u8] = include_bytes!("data/recipe-client.der");

macro_rules! data {
    ($name:literal) => {
        (
            $name,
            include_bytes!(concat!("data/", $name, ".p12")).as_slice(),
        )
    };
}

const PASSWORD: &str = "MyP12Passw0rd";

fn open(file: &[u8], password: &str, limits: &Limits) -> Result<Bundle, OpenError> {
    Bundle::open(file, &Password::new(password), limits)
}

#[test]
fn files_of_other_programs_open() {
    let files = [
        data!("bc-3des"),
        data!("bc-default"),
        data!("gnutls-3des"),
        data!("gnutls-default"),
        data!("java-default"),
        data!("java-legacy"),
        data!("nss-3des"),
        data!("nss-default"),
        data!("openssl-aes128-aes192-sha384"),
        data!("openssl-default"),
        data!("openssl-des3-sha512"),
        data!("openssl-key-plain"),
        data!("openssl-legacy"),
        data!("openssl-rc2-128-2des"),
        data!("openssl-sha224"),
    ];
    for (name, file) in files {
        let bundle = open(file, PASSWORD, &Limits::default())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(bundle.leaf_der(), CLIENT, "{name}");
        assert_eq!(bundle.chain_der().len(), 1, "{name}");
        assert_eq!(bundle.friendly_name(), Some("client1"), "{name}");
    }
}

/// GnuTLS's own choice for readers that know nothing newer, iOS 17 among them; no other known file costs as much.
#[test]
fn the_most_costly_file_of_a_known_writer_opens() {
    let (_, file) = data!("gnutls-3des-pkcs12");
    let mut limits = Limits::default();
    let bundle = open(file, PASSWORD, &limits).unwrap();
    assert_eq!(bundle.chain_der().len(), 1);
    assert_eq!(bundle.friendly_name(), Some("client1"));
    limits.hash_blocks = 5_999_999;
    assert!(matches!(
        open(file, PASSWORD, &limits),
        Err(OpenError::Read(ReadError::LimitExceeded {
            got: 6_000_000,
            ..
        }))
    ));
}

#[test]
fn both_files_of_the_recipe_open() {
    for (name, file) in [data!("recipe-client"), data!("recipe-client-ios")] {
        let bundle = open(file, PASSWORD, &Limits::default()).unwrap();
        assert_eq!(bundle.leaf_der(), RECIPE_CLIENT, "{name}");
        assert_eq!(bundle.chain_der().len(), 1, "{name}");
        assert_eq!(bundle.friendly_name(), None, "{name}");
    }
}

#[test]
fn odd_passwords_open_in_the_form_their_writer_gave_them() {
    for ((name, file), password) in [
        (data!("openssl-unicode"), "пароль 🔑"),
        (data!("openssl-empty-password"), ""),
        (data!("gnutls-null-password"), ""),
    ] {
        let bundle = open(file, password, &Limits::default())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(bundle.leaf_der(), CLIENT, "{name}");
        assert!(open(file, "x", &Limits::default()).is_err());
    }
}

#[test]
fn a_file_without_a_mac_is_read_only_on_request() {
    let (_, file) = data!("openssl-no-mac");
    let refused = open(file, PASSWORD, &Limits::default());
    assert!(matches!(
        refused,
        Err(OpenError::Read(ReadError::MacMissing))
    ));
    let bundle = open(file, PASSWORD, &Limits::default().allow_missing_mac()).unwrap();
    assert_eq!(bundle.leaf_der(), CLIENT);
    let refused = open(file, "wrong", &Limits::default().allow_missing_mac());
    assert!(matches!(
        refused,
        Err(OpenError::Read(ReadError::DecryptFailed {
            place: Place::KeyBag
        }))
    ));
}

#[test]
fn a_file_of_certificates_is_an_archive_and_no_bundle() {
    let (_, file) = data!("openssl-certificate-only");
    let archive = Archive::read(file, &Password::new(PASSWORD), &Limits::default()).unwrap();
    assert_eq!((archive.keys().len(), archive.certificates().len()), (0, 1));
    assert!(matches!(
        open(file, PASSWORD, &Limits::default()),
        Err(OpenError::NoKey)
    ));
}

#[test]
fn a_certificate_without_a_name_for_its_curve_is_not_called_another_keys() {
    let (_, file) = data!("openssl-explicit-curve");
    let refused = open(file, PASSWORD, &Limits::default());
    assert!(
        matches!(refused, Err(OpenError::ExplicitCurve { subject }) if subject == "CN=explicit")
    );
}

#[test]
fn algorithms_that_are_not_read_are_refused_by_name() {
    for ((name, file), place, oid, text) in [
        (
            data!("openssl-rc4"),
            Place::EncryptedPart,
            "1.2.840.113549.1.12.1.1",
            "RC4",
        ),
        (
            data!("openssl-md5-mac"),
            Place::Mac,
            "1.2.840.113549.2.5",
            "md5",
        ),
    ] {
        let refused =
            Archive::read(file, &Password::new(PASSWORD), &Limits::default()).unwrap_err();
        assert!(refused.to_string().contains(text), "{name}: {refused}");
        assert!(
            matches!(refused, ReadError::UnsupportedAlgorithm { oid: o, place: p }
                if o == ObjectIdentifier::new_unwrap(oid) && p == place),
            "{name}"
        );
    }
}
