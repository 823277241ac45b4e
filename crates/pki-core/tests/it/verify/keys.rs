//! Keys, signatures and versions that are refused wherever they stand in the chain.

use pki_core::verify::{TrustAnchors, VerifyError, VerifyErrorKind, is_message_signed_by};
use rcgen::{KeyPair, PublicKeyData, SigningKey};
use rustls_pki_types::CertificateDer;
use test_pki::der::{content, fields, tlv};

use super::policies::{POLICY_A, policies};
use crate::verify_kit::*;

#[test]
fn weak_keys_are_refused_wherever_they_are() {
    let root = root_ca("root");
    for (bits, expected) in [(1024, "weak-key"), (2040, "weak-key"), (2048, "ok")] {
        let leaf = root.sign_for(&client("alice"), &FakeRsa::new(bits));
        let result = clients(anchors(&root)).build().verify(&leaf, &[], at(NOW));
        assert_eq!(verdict(&result), expected, "leaf RSA {bits}");
    }

    let weak = FakeRsa::new(1024);
    let params = ca("weak root");
    let anchor = params.self_signed(&weak).unwrap().der().clone();
    let leaf = client("alice")
        .signed_by(
            &KeyPair::generate().unwrap(),
            &rcgen::Issuer::from_params(&params, &weak),
        )
        .unwrap();
    let verifier = clients(TrustAnchors::from_certs([&anchor]).unwrap()).build();
    assert_eq!(
        verdict(&verifier.verify(leaf.der(), &[], at(NOW))),
        "weak-key"
    );
}

#[test]
fn weak_signatures_are_refused_by_name() {
    const SHA256_RSA: [u8; 9] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 11];
    let key = KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let root = root_ca("root").with_key(key);
    let good = root.sign(&client("alice"));
    for (last, expected) in [(11, "ok"), (5, "weak-signature"), (4, "weak-signature")] {
        let mut der = good.to_vec();
        while let Some(position) = der.windows(9).position(|window| window == SHA256_RSA) {
            der[position + 8] = last;
            if last == 11 {
                break;
            }
        }
        let result =
            clients(anchors(&root))
                .build()
                .verify(&CertificateDer::from(der), &[], at(NOW));
        assert_eq!(verdict(&result), expected, "algorithm {last}");
        if let Err(error) = result {
            assert_eq!(error.kind(), VerifyErrorKind::Unsupported);
        }
    }
}

/// Some writers put a NULL behind the identifiers of ECDSA, as RSA has it: the hash is not what is wrong.
#[test]
fn a_signature_with_parameters_that_its_algorithm_does_not_have_is_named_so() {
    let root = root_ca("root");
    let good = root.sign(&client("alice"));
    let with_null = |algorithm: &[u8]| tlv(0x30, [content(algorithm), &[5, 0]].concat());
    let changed = root.rewrite(&good, |fields| fields[2] = with_null(&fields[2]));
    let mut outer = fields(content(&changed));
    outer[1] = with_null(&outer[1]);
    let leaf = CertificateDer::from(tlv(0x30, outer.concat()));
    let refused = clients(anchors(&root)).build().verify(&leaf, &[], at(NOW));
    let error = refused.unwrap_err();
    assert_eq!(error.code(), "signature-parameters");
    assert_eq!(error.kind(), VerifyErrorKind::Unsupported);
    let said = error.to_string();
    assert!(
        said.contains("ecdsa-with-SHA256") && !said.contains("with SHA-256:"),
        "{said}"
    );
}

#[test]
fn only_version_3_is_taken() {
    let root = root_ca("root");
    let good = root.sign(&client("alice"));
    // Without [0] version and [3] extensions it is version 1.
    let version1 = root.rewrite(&good, |tbs| {
        tbs.remove(0);
        tbs.pop();
    });
    let bare = root.rewrite(&good, |tbs| {
        tbs.pop();
    });
    for (der, expected) in [
        (good.to_vec(), "ok"),
        (version1, "unsupported-version"),
        (bare, "no-extended-key-usage"),
    ] {
        let result =
            clients(anchors(&root))
                .build()
                .verify(&CertificateDer::from(der), &[], at(NOW));
        assert_eq!(verdict(&result), expected);
    }
}

#[test]
fn only_cas_of_version_3_are_taken() {
    let root = root_ca("root");
    let issuing = root.issuing("issuing");
    let version1 = root.rewrite(issuing.der(), |tbs| {
        tbs.remove(0);
        tbs.pop();
    });
    let beyond_webpki = with(client("alice"), |leaf| {
        leaf.custom_extensions = vec![policies(true, &[POLICY_A])];
    });
    let verifier = clients(anchors(&root)).build();
    for params in [client("alice"), beyond_webpki] {
        let leaf = issuing.sign(&params);
        let good = verifier.verify(&leaf, &[issuing.der().clone()], at(NOW));
        assert_eq!(verdict(&good), "ok");
        let refused = verifier.verify(&leaf, &[CertificateDer::from(&*version1)], at(NOW));
        match refused.unwrap_err() {
            VerifyError::UnsupportedVersion { subject, version } => {
                assert_eq!((&*subject, version), ("CN=issuing", 1));
            }
            other => panic!("{other:?}"),
        }
    }
}

/// A SubjectPublicKeyInfo with another algorithm than its key's.
fn of_algorithm(spki: &[u8], oid: &[u8]) -> Vec<u8> {
    let mut outer = fields(content(spki));
    let mut algorithm = fields(content(&outer[0]));
    algorithm[0] = tlv(0x06, oid);
    outer[0] = tlv(0x30, algorithm.concat());
    tlv(0x30, outer.concat())
}

const ID_EC_DH: &[u8] = &[0x2B, 0x81, 0x04, 1, 12];

#[test]
fn a_message_is_signed_by_its_key_and_by_no_other() {
    let key = KeyPair::generate().unwrap();
    let other = KeyPair::generate().unwrap();
    let signature = key.sign(b"message").unwrap();
    let spki = key.subject_public_key_info();
    assert!(is_message_signed_by(b"message", &signature, &spki));
    for (message, spki) in [
        (&b"massage"[..], spki.clone()),
        (b"message", other.subject_public_key_info()),
        // The same point, for another use.
        (b"message", of_algorithm(&spki, ID_EC_DH)),
        (b"message", Vec::new()),
    ] {
        assert!(!is_message_signed_by(message, &signature, &spki));
    }
}

#[test]
fn a_key_of_an_unknown_kind_is_weak() {
    let root = root_ca("root");
    let good = root.sign(&client("alice"));
    let unknown = root.rewrite(&good, |tbs| tbs[6] = of_algorithm(&tbs[6], ID_EC_DH));
    let verifier = clients(anchors(&root)).build();
    for (der, expected) in [(&*good, "ok"), (&unknown, "weak-key")] {
        let result = verifier.verify(&CertificateDer::from(der), &[], at(NOW));
        assert_eq!(verdict(&result), expected, "{result:?}");
    }
}

#[test]
fn repeated_extension_is_refused() {
    let root = root_ca("root");
    let der = root.rewrite(&root.sign(&client("alice")), |tbs| {
        let list = tbs.pop().unwrap();
        let mut extensions = fields(content(content(&list)));
        extensions.push(extensions[0].clone());
        tbs.push(tlv(0xA3, tlv(0x30, extensions.concat())));
    });
    let result = clients(anchors(&root))
        .build()
        .verify(&CertificateDer::from(der), &[], at(NOW));
    assert_eq!(verdict(&result), "malformed");
}
