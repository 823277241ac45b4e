//! A key is what its bytes say: labels that name another form, and forms a little beside PKCS#8, as programs write them.

use const_oid::db::rfc5912::RSA_ENCRYPTION;
use const_oid::db::rfc8410::ID_ED_25519;
use der::Decode;
use der::asn1::OctetString;
use der::pem::LineEnding;
use pkcs8::PrivateKeyInfoRef;
use pki_core::{EncodedKey, KeyError, KeyKind, KeyPair};
use test_pki::der::tlv;

const LABELS: [&str; 3] = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];

fn pem(label: &str, der: &[u8]) -> String {
    der::pem::encode_string(label, LineEnding::LF, der).unwrap()
}

/// What is inside PKCS#8: PKCS#1, SEC1, or a seed in an OCTET STRING.
fn inner(key: &KeyPair) -> Vec<u8> {
    let info = PrivateKeyInfoRef::from_der(key.secret_pkcs8_der()).unwrap();
    info.private_key.as_bytes().to_vec()
}

fn public_key(file: &[u8]) -> Result<Vec<u8>, KeyError> {
    EncodedKey::read(file, None)?.public_key_der()
}

#[test]
fn a_key_under_the_label_of_another_form_is_read() {
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::Rsa2048] {
        let key = KeyPair::generate(kind).unwrap();
        for der in [key.secret_pkcs8_der(), &inner(&key)] {
            for label in LABELS {
                let file = pem(label, der);
                let read = public_key(file.as_bytes());
                assert_eq!(read.unwrap(), key.public_key_der(), "{kind} as {label}");
                // As the key of a CA, too.
                let pair = KeyPair::from_pem(file.as_bytes(), None).unwrap();
                assert_eq!(pair.kind(), kind);
            }
        }
    }
    for label in LABELS {
        let nothing = pem(label, &tlv(0x30, tlv(0x02, [7])));
        let refused = public_key(nothing.as_bytes()).unwrap_err();
        assert!(!matches!(refused, KeyError::Truncated), "{label}");
    }
}

#[test]
fn rsa_without_parameters_is_read() {
    let key = KeyPair::generate(KeyKind::Rsa2048).unwrap();
    let algorithm = tlv(0x30, tlv(0x06, RSA_ENCRYPTION.as_bytes()));
    let without = |key: &[u8]| {
        let fields = [tlv(0x02, [0]), algorithm.clone(), tlv(0x04, key)];
        tlv(0x30, fields.concat())
    };
    for file in [
        without(&inner(&key)),
        pem(LABELS[0], &without(&inner(&key))).into_bytes(),
    ] {
        assert_eq!(public_key(&file).unwrap(), key.public_key_der());
    }
    let refused = public_key(&without(&[0x30, 0])).unwrap_err();
    assert!(matches!(refused, KeyError::Malformed(_)), "{refused}");
}

#[test]
fn ed25519_as_ring_wrote_it_is_read() {
    let key = KeyPair::generate(KeyKind::Ed25519).unwrap();
    let public = &key.public_key_der()[12..];
    let seed = OctetString::from_der(&inner(&key)).unwrap();
    let file = |private: &[u8], public: &[u8]| {
        let bits = tlv(0x03, [&[0], public].concat());
        let fields = [
            tlv(0x02, [1]),
            tlv(0x30, tlv(0x06, ID_ED_25519.as_bytes())),
            tlv(0x04, private),
            // Explicitly tagged, where RFC 5958 wants `81 21 00 ...`.
            tlv(0xa1, bits),
        ];
        tlv(0x30, fields.concat())
    };
    let written = file(&tlv(0x04, seed.as_bytes()), public);
    assert_eq!(public_key(&written).unwrap(), key.public_key_der());
    let pair = KeyPair::from_pem(pem(LABELS[0], &written).as_bytes(), None).unwrap();
    assert_eq!(pair.public_key_der(), key.public_key_der());

    let other = KeyPair::generate(KeyKind::Ed25519).unwrap();
    let of_another = file(&tlv(0x04, seed.as_bytes()), &other.public_key_der()[12..]);
    assert!(public_key(&of_another).is_err());
    // Without the OCTET STRING around the seed.
    assert!(public_key(&file(seed.as_bytes(), public)).is_err());
}
