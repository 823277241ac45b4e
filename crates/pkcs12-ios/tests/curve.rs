//! Apple's decoder tells the curve of an ECDSA key by the length of its private value.
#![allow(
    clippy::unwrap_used,
    reason = "a test says what it expects by unwrapping it"
)]

mod support;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::SECP_256_R_1;
use der::asn1::{BitString, OctetString, OctetStringRef};
use der::{Decode as _, Encode as _, Sequence};
use pkcs8::PrivateKeyInfoRef;
use pkcs12_ios::{Archive, Bundle, Encoding, Limits, Reader, inspect};
use pki_core::{KeyKind, KeyPair};
use support::{Identity, like_ours, password, written_with_key};

/// ECPrivateKey (RFC 5915 section 3).
#[derive(Sequence)]
struct EcPrivateKey {
    version: u8,
    private_key: OctetString,
    #[asn1(context_specific = "0", optional = "true")]
    parameters: Option<ObjectIdentifier>,
    #[asn1(context_specific = "1", optional = "true")]
    public_key: Option<BitString>,
}

const APPLE: [Reader; 5] = [
    Reader::Ios17,
    Reader::Ios18,
    Reader::Ios26,
    Reader::MacOs14,
    Reader::MacOs15,
];

#[test]
fn a_private_value_without_its_zeros_needs_the_name_of_its_curve() {
    let identity = short();
    let pkcs8 = identity.key.secret_pkcs8_der().to_vec();
    let trimmed = |parameters| {
        changed(&pkcs8, |key| {
            key.private_key = OctetString::new(&key.private_key.as_bytes()[1..]).unwrap();
            key.parameters = parameters;
        })
    };
    for (pkcs8, is_read) in [
        (pkcs8.clone(), true),
        (trimmed(None), false),
        (trimmed(Some(SECP_256_R_1)), true),
    ] {
        let file = written_with_key(&pkcs8, &identity, |writer| {
            like_ours(Encoding::Compat, writer, 2048)
        });
        let inspection = inspect(&file, Some(&password()), &Limits::default()).unwrap();
        for reader in APPLE {
            let found = inspection.check(reader);
            assert_eq!(found.is_empty(), is_read, "{reader}: {found:?}");
            let says = |one: &pkcs12_ios::Objection| one.sentence.contains("31 octets");
            assert!(found.iter().all(says), "{found:?}");
        }
        assert!(inspection.check(Reader::OpenSsl3).is_empty());
    }
}

#[test]
fn what_is_written_has_all_octets() {
    let identity = short();
    let trimmed = changed(identity.key.secret_pkcs8_der(), |key| {
        key.private_key = OctetString::new(&key.private_key.as_bytes()[1..]).unwrap();
    });
    let key = KeyPair::from_der(&trimmed).unwrap();
    let builder = Bundle::builder(&key, &identity.leaf).chain(&identity.chain);
    let file = builder.build(&password()).unwrap();
    let archive = Archive::read(&file, &password(), &Limits::default()).unwrap();
    changed(archive.keys()[0].secret_pkcs8_der(), |key| {
        assert_eq!(key.private_key.as_bytes().len(), 32);
    });
}

/// An identity whose private value begins with a zero, as one of 256 does.
fn short() -> Identity {
    let mut keys = std::iter::repeat_with(|| KeyPair::generate(KeyKind::P256).unwrap());
    let begins_with_zero = |key: &KeyPair| {
        let mut found = false;
        changed(key.secret_pkcs8_der(), |key| {
            // Not more of them, so that the lengths below are known.
            found = matches!(key.private_key.as_bytes(), [0, 1..=255, ..]);
        });
        found
    };
    Identity::with(keys.find(begins_with_zero).unwrap(), 1, |_| {})
}

/// The key with another ECPrivateKey in it.
fn changed(pkcs8: &[u8], change: impl FnOnce(&mut EcPrivateKey)) -> Vec<u8> {
    let outer = PrivateKeyInfoRef::from_der(pkcs8).unwrap();
    let mut inner = EcPrivateKey::from_der(outer.private_key.as_bytes()).unwrap();
    change(&mut inner);
    let inner = inner.to_der().unwrap();
    let outer = PrivateKeyInfoRef::new(outer.algorithm, OctetStringRef::new(&inner).unwrap());
    outer.to_der().unwrap()
}
