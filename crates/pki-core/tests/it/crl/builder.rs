//! Revocation lists, judged by webpki's own reader.
use pki_core::verify::RevocationReason;
use pki_core::{
    Authority, CertificateParameters, CrlBuildError, CrlBuilder, CrlScope, KeyKind, KeyPair,
    Profile,
};
use rcgen::KeyUsagePurpose as Ku;
use test_pki::Ca;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use webpki::{CertRevocationList, OwnedCertRevocationList};
use x509_identity::{Certificate, DistinguishedName};

const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

#[test]
fn a_revoked_serial_is_listed_with_its_reason_and_no_other_is() {
    let root = root();
    let (revoked, good) = (leaf(&root), leaf(&root));
    let list = list().revoke(
        revoked.serial().clone(),
        NOW,
        RevocationReason::KeyCompromise,
    );
    let signed = list.sign(&root).unwrap();

    let read: CertRevocationList<'_> = OwnedCertRevocationList::from_der(signed.der())
        .unwrap()
        .into();
    let entry = read
        .find_serial(revoked.serial().as_bytes())
        .unwrap()
        .unwrap();
    assert_eq!(
        entry.reason_code,
        Some(webpki::RevocationReason::KeyCompromise)
    );
    assert!(
        read.find_serial(good.serial().as_bytes())
            .unwrap()
            .is_none()
    );
}

#[test]
fn an_empty_crl_and_a_partitioned_one_are_read() {
    let url = "http://ca.example/leaf.crl";
    for list in [
        list(),
        list().distribution_point(url, CrlScope::LeafCertificates),
    ] {
        let signed = list.sign(&root()).unwrap();
        assert!(OwnedCertRevocationList::from_der(signed.der()).is_ok());
        assert!(
            signed
                .pem()
                .unwrap()
                .starts_with("-----BEGIN X509 CRL-----")
        );
    }
}

#[test]
fn a_ca_that_may_not_sign_crls_signs_none() {
    for (usages, may) in [
        (vec![Ku::KeyCertSign, Ku::CrlSign], true),
        (vec![Ku::KeyCertSign], false),
        (vec![], true),
    ] {
        let ca = Ca::root_at("root", NOW).with(|ca| ca.key_usages = usages);
        let key = KeyPair::from_pem(ca.key().serialize_pem().as_bytes(), None).unwrap();
        let authority = Authority::from_pem(ca.pem().as_bytes(), key).unwrap();
        match list().sign(&authority) {
            Ok(_) => assert!(may),
            Err(CrlBuildError::NoCrlSign { subject }) => {
                assert!(!may);
                assert_eq!(subject, "CN=root");
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_crl_that_makes_no_sense_is_not_signed() {
    let root = root();
    let backwards = CrlBuilder::new(1, NOW, NOW).sign(&root);
    assert!(matches!(backwards, Err(CrlBuildError::Validity { .. })));
    let serial = leaf(&root).serial().clone();
    let removed = list()
        .revoke(serial, NOW, RevocationReason::RemoveFromCrl)
        .sign(&root);
    assert!(matches!(removed, Err(CrlBuildError::RemoveFromCrl)));
}

fn list() -> CrlBuilder {
    CrlBuilder::new(7, NOW, NOW + Duration::days(7))
}

fn root() -> Authority {
    Authority::root(
        named("root"),
        KeyPair::generate(KeyKind::P256).unwrap(),
        &Profile::root(),
        NOW,
    )
    .unwrap()
}

fn leaf(root: &Authority) -> Certificate {
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let request = CertificateParameters::for_key(key.public_key_der(), named("client1"));
    root.issue(&request, &Profile::client(), NOW)
        .unwrap()
        .certificate()
        .clone()
}

fn named(common_name: &str) -> DistinguishedName {
    DistinguishedName::builder()
        .common_name(common_name)
        .build()
        .unwrap()
}
