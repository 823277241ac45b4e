//! Which certificates a CRL is about.

use pki_core::verify::CrlSet;
use rcgen::{
    CertificateParams, CertificateRevocationListParams, CrlDistributionPoint,
    CrlIssuingDistributionPoint, CrlScope,
};

use crate::verify_kit::*;

#[test]
fn crl_counts_only_within_its_scope() {
    let lab = Lab::new();
    let point = |uri: &str, scope| CrlIssuingDistributionPoint {
        distribution_point: CrlDistributionPoint {
            uris: vec![uri.to_owned()],
        },
        scope,
    };
    let list = |ca: &Ca, revoked: &[&CertificateParams], idp| {
        crl_der(
            ca,
            &CertificateRevocationListParams {
                issuing_distribution_point: Some(idp),
                ..crl_params(1, revoked)
            },
        )
    };
    let users = list(
        &lab.issuing,
        &[],
        point("http://x/a", Some(CrlScope::UserCertsOnly)),
    );
    let cas = list(
        &lab.issuing,
        &[],
        point("http://x/a", Some(CrlScope::CaCertsOnly)),
    );
    let all = list(&lab.issuing, &[], point("http://x/a", None));
    let full_listed = crl_der(&lab.issuing, &crl_params(1, &[&lab.alice]));
    assert_eq!(lab.with_issuing(&[&users]), "ok");
    assert_eq!(lab.with_issuing(&[&all]), "ok");
    assert_eq!(lab.with_issuing(&[&cas]), "revocation-unknown");
    // Another distribution point is another series: neither hides the other.
    assert_eq!(lab.with_issuing(&[&users, &full_listed]), "revoked");
    assert_eq!(lab.with_issuing(&[&cas, &full_listed]), "revoked");

    let issuing_list = crl_der(&lab.issuing, &crl_params(1, &[]));
    for (scope, expected) in [
        (CrlScope::CaCertsOnly, "ok"),
        (CrlScope::UserCertsOnly, "revocation-unknown"),
    ] {
        let root_list = list(&lab.root, &[], point("http://x/root", Some(scope)));
        assert_eq!(lab.verdict(crls(&[&issuing_list, &root_list])), expected);
    }

    // Shards: the certificate says which list is its own.
    let shard =
        |uri: &str, revoked: &[&CertificateParams]| list(&lab.issuing, revoked, point(uri, None));
    let named = with(client("carol"), |leaf| {
        leaf.crl_distribution_points = vec![CrlDistributionPoint {
            uris: vec!["http://x/1".into()],
        }];
    });
    let leaf = lab.issuing.sign(&named);
    for (one, two, expected) in [
        (Some(vec![]), Some(vec![]), "ok"),
        (Some(vec![&named]), Some(vec![]), "revoked"),
        (None, Some(vec![]), "revocation-unknown"),
    ] {
        let mut files = vec![lab.root_crl()];
        files.extend(one.map(|revoked: Vec<_>| shard("http://x/1", &revoked)));
        files.extend(two.map(|revoked: Vec<_>| shard("http://x/2", &revoked)));
        let revocation = crls(&files.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let verifier = clients(anchors(&lab.root)).revocation(revocation).build();
        assert_eq!(
            verdict(&verifier.verify(&leaf, std::slice::from_ref(lab.issuing.der()), at(NOW))),
            expected
        );
    }
}

#[test]
fn crl_of_a_named_point_is_not_for_a_certificate_without_one() {
    let root = root_ca("root");
    let leaf = root.sign(&client("alice"));
    let issuer = content(&crl_der(&root, &crl_params(1, &[]))).to_vec();
    let name = fields(content(&fields(&issuer)[0]))[2].clone();
    let other = root_ca("other");
    let other = fields(content(&fields(content(other.der()))[0]))[5].clone();
    let list = |kind: u8, value: &[u8]| {
        root.rewrite(&crl_der(&root, &crl_params(1, &[])), |tbs| {
            let point = tlv(0x30, tlv(0xA0, tlv(0xA0, tlv(kind, value))));
            let idp = extension(&[0x55, 0x1D, 28], true, &point);
            tbs.pop();
            tbs.push(tlv(0xA0, tlv(0x30, &idp)));
        })
    };
    for (what, list, expected) in [
        ("a URI", list(0x86, b"http://x/shard"), "revocation-unknown"),
        ("the issuer itself", list(0xA4, &name), "ok"),
        ("another CA", list(0xA4, &other), "revocation-unknown"),
        (
            "octets as of the issuer's name",
            list(0x82, &name),
            "revocation-unknown",
        ),
        ("no point", crl_der(&root, &crl_params(1, &[])), "ok"),
    ] {
        let verifier = clients(anchors(&root)).revocation(crls(&[&list])).build();
        let got = verdict(&verifier.verify(&leaf, &[], at(NOW)));
        assert_eq!(got, expected, "{what}");
    }
}

/// The list with one more extension.
fn extended(ca: &Ca, list: &[u8], oid: &[u8], value: &[u8]) -> Vec<u8> {
    ca.rewrite(list, |tbs| {
        let mut extensions = fields(content(content(&tbs.pop().unwrap())));
        extensions.push(extension(oid, true, value));
        tbs.push(tlv(0xA0, tlv(0x30, extensions.concat())));
    })
}

#[test]
fn limited_crl_beside_a_complete_one_only_adds_to_it() {
    let lab = Lab::new();
    let ca = &lab.issuing;
    let clean = |number| crl_der(ca, &crl_params(number, &[]));
    let listed = |number| crl_der(ca, &crl_params(number, &[&lab.alice]));
    let delta = |list: &[u8]| extended(ca, list, &[0x55, 0x1D, 27], &[2, 1, 1]);
    let some_reasons = |list: &[u8]| {
        let idp = tlv(0x30, tlv(0x83, [6, 0x40]));
        extended(ca, list, &[0x55, 0x1D, 28], &idp)
    };
    let attributes = |list: &[u8]| {
        let idp = tlv(0x30, tlv(0x85, [0xFF]));
        extended(ca, list, &[0x55, 0x1D, 28], &idp)
    };
    let unknown = |list: &[u8]| extended(ca, list, &[0x2A, 3, 4], &[5, 0]);
    for (what, list, expected) in [
        ("delta adds nothing", delta(&clean(2)), "ok"),
        ("delta adds", delta(&listed(2)), "revoked"),
        ("delta is older", delta(&listed(0)), "ok"),
        ("some reasons, none", some_reasons(&clean(1)), "ok"),
        ("some reasons, one", some_reasons(&listed(1)), "revoked"),
        ("other kind of certificate", attributes(&listed(2)), "ok"),
        ("not understood", unknown(&listed(2)), "ok"),
        ("delta, not understood", unknown(&delta(&listed(2))), "ok"),
        ("not understood, delta", delta(&unknown(&listed(2))), "ok"),
    ] {
        assert_eq!(lab.with_issuing(&[&clean(1), &list]), expected, "{what}");
        assert_eq!(lab.with_issuing(&[&list, &clean(1)]), expected, "{what}");
        // Alone it is no list, whatever else is loaded.
        let root = lab.root_crl();
        assert!(CrlSet::from_pem_or_der([&list, &root]).is_err(), "{what}");
    }
    let set = CrlSet::from_pem_or_der([clean(1), unknown(&clean(2))]).unwrap();
    assert_eq!((set.len(), set.set_aside().len()), (1, 1));
}
