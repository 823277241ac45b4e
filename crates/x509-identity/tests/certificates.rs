//! What a certificate says, read from certificates that `rcgen` made.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;

use test_pki::rcgen::{
    BasicConstraints as Constraints, CrlDistributionPoint, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose, date_time_ymd,
};
use test_pki::{Ca, KeyKind};
use x509_cert::der::{Decode, Encode};
use x509_identity::{
    BasicConstraints, Certificate, KeyUsageBit, MAX_CERTIFICATE_LEN, ObjectIdentifier, ParseError,
    PublicKeyAlgorithm, SubjectAltName,
};

const SERVER_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");

#[test]
fn another_signature_changes_the_signature_alone() {
    let (_, leaf) = chain();
    let leaf = Certificate::from_der(&leaf).unwrap();
    // The lengths around it change, too: of the BIT STRING, and of the certificate.
    for signature in [&[][..], &[7; 3], &[7; 200], &[7; 512]] {
        let signed = leaf.clone().with_signature(signature).unwrap();
        let again = Certificate::from_der(signed.der()).unwrap();
        assert_eq!(format!("{signed:?}"), format!("{again:?}"));
        assert_eq!(signed.fingerprint_sha256(), again.fingerprint_sha256());
        assert_ne!(signed.fingerprint_sha256(), leaf.fingerprint_sha256());
        assert_eq!(signed.pem(), again.pem());
        assert_ne!(signed.pem(), leaf.pem());
        assert_eq!(
            Certificate::from_pem(signed.pem().as_bytes()).unwrap(),
            signed
        );
        assert_eq!(signed.tbs_der(), leaf.tbs_der());
        assert_eq!(signed.spki_der(), leaf.spki_der());
        assert_eq!(signed.issuer_der(), leaf.issuer_der());
        assert!(signed.extensions().eq(leaf.extensions()));
        assert!(signed.der().ends_with(signature));
    }
    let signed = |len| leaf.clone().with_signature(&vec![7; len]);
    let frame = signed(60_000).unwrap().der().len() - 60_000;
    let longest = MAX_CERTIFICATE_LEN - frame;
    assert_eq!(signed(longest).unwrap().der().len(), MAX_CERTIFICATE_LEN);
    let too_long = signed(longest + 1);
    assert!(matches!(too_long, Err(ParseError::TooLong { .. })));
}

#[test]
fn one_parse_gives_everything_about_a_leaf() {
    let (ca, leaf) = chain();
    let (ca, leaf) = (
        Certificate::from_der(&ca).unwrap(),
        Certificate::from_der(&leaf).unwrap(),
    );

    assert_eq!(leaf.version(), 3);
    assert_eq!(
        leaf.subject().to_string(),
        r"CN=client1,O=Example\, Inc.,C=US"
    );
    assert_eq!(leaf.issuer(), ca.subject());
    assert_eq!(leaf.issuer_der(), ca.subject_der());
    assert!(!leaf.is_self_issued());
    assert_eq!(leaf.serial().to_string(), "8F01FF");
    assert_eq!(leaf.serial().as_bytes(), [0, 0x8f, 1, 0xff]);
    assert!(leaf.serial().is_rfc5280());
    assert_eq!(leaf.not_before(), date_time_ymd(2026, 1, 1));
    assert_eq!(leaf.not_after(), date_time_ymd(2060, 12, 31));
    let sans: Vec<_> = leaf
        .sans()
        .iter()
        .map(|san| (san.kind(), san.to_string()))
        .collect();
    assert_eq!(
        sans,
        [
            ("dns", "API.example.local".to_owned()),
            ("ip", "127.0.0.1".to_owned()),
            ("ip", "::1".to_owned()),
            ("email", "client1@example.local".to_owned()),
            ("uri", "spiffe://example.local/client1".to_owned()),
        ]
    );
    assert_eq!(
        leaf.sans()[1],
        SubjectAltName::Ip(IpAddr::from([127, 0, 0, 1]))
    );
    let usage = leaf.key_usage().unwrap();
    assert!(usage.contains(KeyUsageBit::DigitalSignature));
    assert!(!usage.contains(KeyUsageBit::KeyCertSign));
    assert_eq!(usage.to_string(), "digitalSignature, keyAgreement");
    assert_eq!(
        leaf.extended_key_usage(),
        Some(&[CLIENT_AUTH, SERVER_AUTH][..])
    );
    assert_eq!(
        leaf.basic_constraints(),
        Some(BasicConstraints {
            ca: false,
            path_len: None
        })
    );
    assert!(!leaf.is_ca());
    assert_eq!(leaf.authority_key_id(), ca.subject_key_id());
    assert!(leaf.authority_key_id().is_some_and(|id| id.len() == 20));
    assert_eq!(
        leaf.crl_distribution_points(),
        ["http://example.local/a.crl", "http://example.local/b.crl"]
    );
    assert_eq!(leaf.public_key_algorithm(), PublicKeyAlgorithm::EcP256);
    assert_eq!(
        leaf.signature_algorithm().to_string(),
        "1.2.840.10045.4.3.2"
    );
}

#[test]
fn one_parse_gives_everything_about_a_ca() {
    let (ca, _) = chain();
    let ca = Certificate::from_der(&ca).unwrap();
    assert!(ca.is_ca());
    assert!(ca.is_self_issued());
    assert_eq!(
        ca.basic_constraints(),
        Some(BasicConstraints {
            ca: true,
            path_len: Some(1)
        })
    );
    let bits: Vec<_> = ca
        .key_usage()
        .unwrap()
        .bits()
        .map(KeyUsageBit::name)
        .collect();
    assert_eq!(bits, ["keyCertSign", "cRLSign"]);
    assert_eq!(ca.extended_key_usage(), None);
    assert!(ca.sans().is_empty());
    let critical: Vec<_> = ca
        .critical_extensions()
        .map(|oid| oid.to_string())
        .collect();
    assert_eq!(critical, ["2.5.29.15", "2.5.29.19"]);
    assert!(ca.extensions().any(|extension| {
        extension.oid.to_string() == "2.5.29.14"
            && !extension.critical
            && extension.value.len() == 22
    }));
}

#[test]
fn the_parts_are_those_that_x509_cert_finds() {
    let (ca, leaf) = chain();
    for der in [ca, leaf] {
        let ours = Certificate::from_der(&der).unwrap();
        let theirs = x509_cert::Certificate::from_der(&der).unwrap();
        let tbs = theirs.tbs_certificate();
        assert_eq!(ours.der(), der);
        assert_eq!(ours.tbs_der(), tbs.to_der().unwrap());
        assert_eq!(ours.subject_der(), tbs.subject().to_der().unwrap());
        assert_eq!(ours.issuer_der(), tbs.issuer().to_der().unwrap());
        assert_eq!(ours.subject().to_der(), ours.subject_der());
        assert_eq!(
            ours.spki_der(),
            tbs.subject_public_key_info().to_der().unwrap()
        );
        assert_eq!(ours.serial().as_bytes(), tbs.serial_number().as_bytes());
        let extensions: Vec<_> = tbs
            .extensions()
            .unwrap()
            .iter()
            .map(|extension| {
                (
                    extension.extn_id,
                    extension.critical,
                    extension.extn_value.as_bytes(),
                )
            })
            .collect();
        let read: Vec<_> = ours
            .extensions()
            .map(|extension| (extension.oid, extension.critical, extension.value))
            .collect();
        assert_eq!(read, extensions);
        assert_eq!(ours.fingerprint_sha256(), sha256(&der).as_slice());
        assert_eq!(ours.spki_sha256(), sha256(ours.spki_der()).as_slice());
    }
}

#[test]
fn certificates_are_equal_if_their_der_is() {
    let (ca, leaf) = chain();
    let parse = |der: &[u8]| Certificate::from_der(der).unwrap();
    assert_eq!(parse(&ca), parse(&ca));
    assert_ne!(parse(&ca), parse(&leaf));
    let hash = |der| {
        let mut hasher = DefaultHasher::new();
        parse(der).hash(&mut hasher);
        hasher.finish()
    };
    assert_eq!(hash(&ca), hash(&ca));
    assert_ne!(hash(&ca), hash(&leaf));
}

#[test]
fn a_file_of_one_certificate_is_read_in_pem_and_in_der() {
    let (_, der) = chain();
    let leaf = Certificate::from_der(&der).unwrap();
    let text_before = format!("client1\n{}", leaf.pem());
    let line_break = [&der[..], b"\n"].concat();
    for file in [
        leaf.pem().as_bytes(),
        text_before.as_bytes(),
        &der,
        &line_break,
    ] {
        assert_eq!(Certificate::from_pem(file).unwrap(), leaf);
    }
    let nothing = Certificate::from_pem(b"").unwrap_err();
    assert!(matches!(nothing, ParseError::NoCertificate { .. }));
}

#[test]
fn keys_are_told_apart() {
    let root = Ca::root("root");
    for (kind, algorithm) in [
        (KeyKind::P256, PublicKeyAlgorithm::EcP256),
        (KeyKind::P384, PublicKeyAlgorithm::EcP384),
        (KeyKind::P521, PublicKeyAlgorithm::EcP521),
        (KeyKind::Ed25519, PublicKeyAlgorithm::Ed25519),
        (KeyKind::Rsa2048, PublicKeyAlgorithm::Rsa { bits: 2048 }),
    ] {
        let leaf = root.client("leaf").with_key(kind);
        let certificate = Certificate::from_der(leaf.der()).unwrap();
        assert_eq!(certificate.public_key_algorithm(), algorithm);
    }
}

/// A CA and a leaf that use every field this crate reads.
fn chain() -> (Vec<u8>, Vec<u8>) {
    let root = Ca::root("root");
    let root = root.with(|params| params.is_ca = IsCa::Ca(Constraints::Constrained(1)));
    let leaf = root
        .client("client1")
        .dns("API.example.local")
        .ip([127, 0, 0, 1])
        .ip([0, 0, 0, 0, 0, 0, 0, 1u16])
        .email("client1@example.local")
        .uri("spiffe://example.local/client1")
        .serial(vec![0x8f, 1, 0xff])
        .with(|params| {
            params.distinguished_name = DistinguishedName::new();
            let subject = &mut params.distinguished_name;
            subject.push(DnType::CountryName, "US");
            subject.push(DnType::OrganizationName, "Example, Inc.");
            subject.push(DnType::CommonName, "client1");
            params.not_before = date_time_ymd(2026, 1, 1);
            params.not_after = date_time_ymd(2060, 12, 31);
            params.is_ca = IsCa::ExplicitNoCa;
            params.key_usages.push(KeyUsagePurpose::KeyAgreement);
            let usages = &mut params.extended_key_usages;
            usages.push(ExtendedKeyUsagePurpose::ServerAuth);
            let points = ["http://example.local/a.crl", "http://example.local/b.crl"];
            params.crl_distribution_points = points
                .map(|uri| CrlDistributionPoint {
                    uris: vec![uri.to_owned()],
                })
                .into();
        });
    (root.der().to_vec(), leaf.der().to_vec())
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes)
        .as_ref()
        .to_vec()
}
