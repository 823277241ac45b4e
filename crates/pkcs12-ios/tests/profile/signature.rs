//! Signed profiles, taken apart by another library and verified with the signer's public key.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1,
    RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier};
use der::asn1::OctetString;
use der::{Decode as _, Encode as _};
use pkcs12_ios::{BrokenLink, Profile, SignProfileError};
use pki_core::{KeyKind, KeyPair, Signer};
use test_pki::rcgen::KeyUsagePurpose;
use time::{Duration, OffsetDateTime};
use x509_identity::Certificate;

use super::support::Identity;
use super::{parse_xml, text};

fn profile() -> Profile {
    let root = Identity::new(KeyKind::P256, 1).chain.remove(0);
    Profile::builder("com.example.mtls")
        .root(&root, "root")
        .build()
        .unwrap()
}

/// The certificate and the chain above it.
fn chain(identity: &Identity) -> Vec<Certificate> {
    let chain = std::iter::once(&identity.leaf).chain(&identity.chain);
    chain
        .map(|der| Certificate::from_der(der).unwrap())
        .collect()
}

fn sign(
    signer: &dyn Signer,
    chain: &[Certificate],
    now: OffsetDateTime,
) -> Result<Vec<u8>, SignProfileError> {
    profile().sign(signer, chain, now).map(|der| der.to_vec())
}

#[test]
fn a_signed_profile_has_the_profile_the_signature_and_the_whole_chain() {
    let algorithms: [(KeyKind, &dyn VerificationAlgorithm); 4] = [
        (KeyKind::P256, &ECDSA_P256_SHA256_ASN1),
        (KeyKind::P384, &ECDSA_P384_SHA384_ASN1),
        (KeyKind::P521, &ECDSA_P521_SHA512_ASN1),
        (KeyKind::Rsa2048, &RSA_PKCS1_2048_8192_SHA256),
    ];
    for (kind, algorithm) in algorithms {
        let identity = Identity::new(kind, 2);
        let chain = chain(&identity);
        let profile = profile();
        let signed = profile
            .sign(&identity.key, &chain, OffsetDateTime::now_utc())
            .unwrap();

        let outer = ContentInfo::from_der(&signed).unwrap();
        assert_eq!(outer.content_type.to_string(), "1.2.840.113549.1.7.2");
        let inner: SignedData = outer.content.decode_as().unwrap();
        let content = inner.encap_content_info.econtent.unwrap();
        let xml = content.decode_as::<OctetString>().unwrap();
        assert_eq!(xml.as_bytes(), profile.to_xml().unwrap().as_slice());
        assert_eq!(
            text(&parse_xml(xml.as_bytes()), "PayloadIdentifier"),
            "com.example.mtls"
        );
        let certificates = inner.certificates.unwrap();
        let mut found: Vec<_> = certificates
            .0
            .iter()
            .map(|it| it.to_der().unwrap())
            .collect();
        let mut expected: Vec<_> = chain.iter().map(|it| it.der().to_vec()).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected);

        let [signer] = inner.signer_infos.0.as_slice() else {
            panic!("one signer")
        };
        let SignerIdentifier::IssuerAndSerialNumber(id) = &signer.sid else {
            panic!("named by issuer and serial number")
        };
        assert_eq!(id.serial_number.as_bytes(), chain[0].serial().as_bytes());
        assert_eq!(id.issuer.to_der().unwrap(), chain[0].issuer_der());
        let attributes = signer.signed_attrs.as_ref().unwrap();
        let message = attributes.to_der().unwrap();
        let key = spki::SubjectPublicKeyInfoRef::from_der(chain[0].spki_der()).unwrap();
        let key = key.subject_public_key.as_bytes().unwrap();
        let key = UnparsedPublicKey::new(algorithm, key);
        key.verify(&message, signer.signature.as_bytes()).unwrap();

        let digest = match kind {
            KeyKind::P384 => &aws_lc_rs::digest::SHA384,
            KeyKind::P521 => &aws_lc_rs::digest::SHA512,
            _ => &aws_lc_rs::digest::SHA256,
        };
        let digest = aws_lc_rs::digest::digest(digest, xml.as_bytes());
        let signed_digest = attributes
            .iter()
            .find(|it| it.oid.to_string() == "1.2.840.113549.1.9.4")
            .map(|it| it.values.iter().next().unwrap().value().to_vec());
        assert_eq!(signed_digest.as_deref(), Some(digest.as_ref()));
        assert_eq!(attributes.len(), 3);
    }
}

#[test]
fn a_signer_that_devices_would_not_verify_is_refused() {
    let now = OffsetDateTime::now_utc();
    let identity = Identity::new(KeyKind::P256, 2);
    let good = chain(&identity);
    assert!(sign(&identity.key, &good, now).is_ok());

    let other = KeyPair::generate(KeyKind::P256).unwrap();
    let refused = sign(&other, &good, now);
    assert!(matches!(
        refused,
        Err(SignProfileError::KeyCertMismatch { .. })
    ));
    let refused = sign(&identity.key, &[], now);
    assert!(matches!(refused, Err(SignProfileError::NoCertificate)));
    for (chain, expected) in [
        ([&good[0], &good[2], &good[1]], 2),
        ([&good[0], &good[1], &good[1]], 3),
    ] {
        let refused = sign(&identity.key, &chain.map(Clone::clone), now);
        let Err(SignProfileError::ChainBroken { position, reason }) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!((position, reason), (expected, BrokenLink::NameMismatch));
    }

    let second = Duration::seconds(1);
    let (from, to) = (good[0].not_before(), good[0].not_after());
    for (now, accepted) in [
        (from - second, false),
        (from, true),
        (to, true),
        (to + second, false),
    ] {
        let result = sign(&identity.key, &good, now);
        match result {
            Ok(_) => assert!(accepted, "{now}"),
            Err(SignProfileError::NotValidNow { .. }) => assert!(!accepted, "{now}"),
            Err(other) => panic!("{other}"),
        }
    }

    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let identity = Identity::with(key, 1, |params| {
        params.key_usages = vec![KeyUsagePurpose::KeyAgreement];
    });
    let refused = sign(&identity.key, &chain(&identity), now);
    assert!(matches!(refused, Err(SignProfileError::KeyUsage { .. })));

    let identity = Identity::new(KeyKind::Ed25519, 1);
    let refused = sign(&identity.key, &chain(&identity), now);
    assert!(matches!(refused, Err(SignProfileError::Algorithm)));
}

#[test]
fn a_failing_signer_is_told() {
    struct Broken(KeyPair);
    impl Signer for Broken {
        fn algorithm(&self) -> pki_core::SignatureAlgorithm {
            self.0.algorithm()
        }
        fn public_key_der(&self) -> &[u8] {
            self.0.public_key_der()
        }
        fn sign(&self, _: &[u8]) -> Result<Vec<u8>, pki_core::SignError> {
            Err(pki_core::SignError::new("the token was pulled out"))
        }
    }
    let identity = Identity::new(KeyKind::P256, 1);
    let chain = chain(&identity);
    let refused = sign(&Broken(identity.key), &chain, OffsetDateTime::now_utc());
    assert!(matches!(refused, Err(SignProfileError::Sign(_))));
}
