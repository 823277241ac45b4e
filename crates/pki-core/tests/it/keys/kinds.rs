//! Kinds of keys: those that TLS signs with tell their public key, others are named. How the files were made is in
//! `data/README.md`.
use aws_lc_rs::encoding::AsRawBytes;
use aws_lc_rs::signature::{
    ML_DSA_44_SIGNING, ML_DSA_65_SIGNING, ML_DSA_87_SIGNING, PqdsaKeyPair, PqdsaSigningAlgorithm,
};
use const_oid::ObjectIdentifier;
use const_oid::db::fips204;
use der::Encode;
use der::asn1::OctetStringRef;
use pki_core::{EncodedKey, KeyError, KeyKind, KeyPair, Signer as _};
use spki::AlgorithmIdentifierRef;
use x509_identity::PublicKeyAlgorithm;

const NOT_USED: &str = include_str!("../../data/keys-not-used.txt");
const USED: &str = include_str!("../../data/keys-used.txt");

/// Each name with its section.
fn files(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split("# ")
        .skip(1)
        .map(|file| file.split_once('\n').unwrap())
}

#[test]
fn a_key_tells_its_public_key() {
    for kind in KeyKind::ALL {
        let key = KeyPair::generate(kind).unwrap();
        let read = EncodedKey::read(key.secret_pkcs8_der(), None).unwrap();
        assert_eq!(
            read.public_key_der().unwrap(),
            key.public_key_der(),
            "{kind:?}"
        );
        let pair = KeyPair::from_pem(key.secret_pkcs8_pem().as_bytes(), None).unwrap();
        assert_eq!(
            (pair.kind(), pair.public_key_der()),
            (kind, key.public_key_der())
        );
        // Of a key that several have, too.
        let is_quick = std::sync::Arc::new(pair).is_quick();
        let quick = [KeyKind::P256, KeyKind::Ed25519];
        assert_eq!(is_quick, quick.contains(&kind), "{kind:?}");
        let algorithm = PublicKeyAlgorithm::from_spki(key.public_key_der()).unwrap();
        assert_eq!(KeyKind::of_public_key(algorithm), Some(kind));
        assert_eq!(kind.to_string(), algorithm.to_string());
    }
}

#[test]
fn keys_that_only_tls_uses_are_read() {
    for (name, pem) in files(USED) {
        let key = EncodedKey::read(pem.as_bytes(), None).unwrap();
        let public_key = key
            .public_key_der()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let (expected, pairs) = match name {
            "P-521" => (PublicKeyAlgorithm::EcP521, true),
            "RSA-2432" => (PublicKeyAlgorithm::Rsa { bits: 2432 }, false),
            // aws-lc knows the curve by its parameters.
            "sec1-explicit-P-256" => (PublicKeyAlgorithm::EcP256, true),
            "explicit-P-384" => (PublicKeyAlgorithm::EcP384, true),
            other => panic!("{other}"),
        };
        assert_eq!(
            PublicKeyAlgorithm::from_spki(&public_key).unwrap(),
            expected,
            "{name}"
        );
        assert_eq!(key.key_pair().is_ok(), pairs, "{name}");
    }
}

#[test]
fn other_kinds_are_named() {
    for (name, pem) in files(NOT_USED) {
        let refused = EncodedKey::read(pem.as_bytes(), None)
            .and_then(|key| key.public_key_der())
            .unwrap_err();
        let sentence = refused.to_string();
        let word = match name {
            "explicit-brainpoolP384r1" => "curve parameters of their own",
            "RSA-1024" => "RSA keys below 2048 bits",
            other => other
                .trim_start_matches("sec1-")
                .trim_start_matches("traditional-"),
        };
        assert!(sentence.contains(word), "{name}: {sentence}");
        match name {
            "OpenSSH" => assert!(matches!(refused, KeyError::OpenSshForm)),
            _ => assert!(
                matches!(refused, KeyError::Unusable { .. }),
                "{name}: {refused:?}"
            ),
        }
        let of_a_pair = KeyPair::from_pem(pem.as_bytes(), None).unwrap_err();
        assert!(of_a_pair.to_string().contains(word), "{name}: {of_a_pair}");
    }
}

#[test]
fn what_is_no_key_in_der_says_what_it_is() {
    let ca = test_pki::Ca::root("root");
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let refused = |der: &[u8]| EncodedKey::read(der, None).unwrap_err();
    for (der, word) in [
        (ca.der().to_vec(), "a certificate"),
        (ca.crl().der().to_vec(), "a revocation list"),
        (key.public_key_der().to_vec(), "a public key"),
    ] {
        let refused = refused(&der);
        assert!(
            matches!(&refused, KeyError::NotAKey { found } if found == word),
            "{refused}"
        );
    }
    let der = key.secret_pkcs8_der();
    for len in [1, 2, 10, der.len() - 1] {
        assert!(matches!(refused(&der[..len]), KeyError::Truncated), "{len}");
    }
    let pem = der::pem::encode_string("PRIVATE KEY", der::pem::LineEnding::LF, &der[..60]).unwrap();
    assert!(matches!(refused(pem.as_bytes()), KeyError::Truncated));
}

/// The private key of RFC 9881 section 6 in its three forms, made by hand as aws-lc writes the seed alone.
fn ml_dsa_forms(algorithm: &'static PqdsaSigningAlgorithm, oid: ObjectIdentifier) -> [Vec<u8>; 3] {
    let seed = [7; 32];
    let pair = PqdsaKeyPair::from_seed(algorithm, &seed).unwrap();
    let expanded = pair.private_key().as_raw_bytes().unwrap().as_ref().to_vec();
    let [tagged, seed] = [0x80, 4].map(|tag| test_pki::der::tlv(tag, seed));
    let expanded = test_pki::der::tlv(4, expanded);
    let both = test_pki::der::tlv(0x30, [seed, expanded.clone()].concat());
    [tagged, expanded, both].map(|key| {
        let algorithm = AlgorithmIdentifierRef {
            oid,
            parameters: None,
        };
        let key = OctetStringRef::new(&key).unwrap();
        pkcs8::PrivateKeyInfoRef::new(algorithm, key)
            .to_der()
            .unwrap()
    })
}

#[test]
fn ml_dsa_keys_are_read_in_each_of_their_forms() {
    for (algorithm, oid, kind) in [
        (&ML_DSA_44_SIGNING, fips204::ID_ML_DSA_44, KeyKind::MlDsa44),
        (&ML_DSA_65_SIGNING, fips204::ID_ML_DSA_65, KeyKind::MlDsa65),
        (&ML_DSA_87_SIGNING, fips204::ID_ML_DSA_87, KeyKind::MlDsa87),
    ] {
        let forms = ml_dsa_forms(algorithm, oid);
        let public_keys = forms.each_ref().map(|der| {
            let key = EncodedKey::read(der, None).unwrap();
            key.public_key_der().unwrap()
        });
        assert!(public_keys.iter().all(|key| *key == public_keys[0]));

        // What is read is written with its seed; where there is none, as it came. Either is read again.
        for (form, der) in forms.iter().enumerate() {
            let pair = KeyPair::from_der(der).unwrap();
            assert_eq!(pair.kind(), kind);
            let written = if form == 1 { &forms[1] } else { &forms[0] };
            assert_eq!(pair.secret_pkcs8_der(), written, "{kind} {form}");
            let again = KeyPair::from_der(pair.secret_pkcs8_der()).unwrap();
            assert_eq!(again.public_key_der(), public_keys[0]);
            let signature = again.sign(b"message").unwrap();
            assert_eq!(signature.len(), algorithm.signature_len());
        }

        // Seed and expanded key of two keys.
        let mut both = forms[2].clone();
        let seed = both
            .windows(32)
            .position(|window| window == [7; 32])
            .unwrap();
        both[seed] = 8;
        // A seed that is too short.
        let short = forms[0][..forms[0].len() - 1].to_vec();
        for (der, cut) in [(both, false), (short, true)] {
            let refused = EncodedKey::read(&der, None).and_then(|key| key.public_key_der());
            match refused.unwrap_err() {
                KeyError::Truncated => assert!(cut),
                KeyError::Inconsistent { kind: name, .. } => {
                    assert_eq!((cut, name), (false, kind.to_string().as_str()))
                }
                other => panic!("{other}"),
            }
        }
    }
}
