//! Where trust comes from: bundles, several trust anchors, CAs of one name.

use pki_core::pem::Found;
use pki_core::verify::{AnchorError, TrustAnchors};
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls_pki_types::CertificateDer;
use time::Duration;

use crate::verify_kit::*;

#[test]
fn chain_from_another_ca_is_unknown_or_badly_signed() {
    let ours = root_ca("root");
    let foreign = root_ca("foreign root");
    let same_name = root_ca("root");
    let no_key_id = |mut params: CertificateParams| {
        params.use_authority_key_identifier_extension = false;
        params
    };
    let cases = [
        ("right CA", ours.sign(&client("alice")), "ok"),
        ("other CA", foreign.sign(&client("alice")), "unknown-issuer"),
        (
            "other CA of that name, key identifier tells",
            same_name.sign(&client("alice")),
            "unknown-issuer",
        ),
        (
            "other CA of that name, nothing tells",
            same_name.sign(&no_key_id(client("alice"))),
            "bad-signature",
        ),
        (
            "altered",
            altered(&ours.sign(&client("alice"))),
            "bad-signature",
        ),
        // What an untrusted certificate says about itself is not the reason.
        (
            "other CA, expired",
            foreign.sign(&with(client("alice"), expired)),
            "unknown-issuer",
        ),
        (
            "other CA, wrong usage",
            foreign.sign(&server("alice.example")),
            "unknown-issuer",
        ),
        (
            "other CA, a CA",
            foreign.sign(&ca("alice")),
            "unknown-issuer",
        ),
        (
            "right CA, expired",
            ours.sign(&with(client("alice"), expired)),
            "expired",
        ),
    ];
    for (name, leaf, expected) in cases {
        assert_eq!(
            verdict(&clients(anchors(&ours)).build().verify(&leaf, &[], at(NOW))),
            expected,
            "{name}"
        );
    }
}

#[test]
fn self_signed_leaf_is_called_so() {
    let root = root_ca("root");
    let key = KeyPair::generate().unwrap();
    let own = |params: CertificateParams| params.self_signed(&key).unwrap().der().clone();
    let impostor = with(ca("root"), |_| {});
    let cases = [
        ("self-signed", own(client("alice")), "self-signed"),
        (
            "self-signed and expired",
            own(with(client("alice"), expired)),
            "self-signed",
        ),
        (
            "self-signed CA, as openssl req -x509 makes it",
            own(ca("alice")),
            "self-signed",
        ),
        (
            "self-signed under the root's name",
            own(impostor),
            "self-signed",
        ),
        ("the trusted root itself", root.der().clone(), "ca-as-leaf"),
        (
            "a CA below the root",
            root.issuing("issuing").der().clone(),
            "ca-as-leaf",
        ),
    ];
    for (name, leaf, expected) in cases {
        let result = clients(anchors(&root)).build().verify(&leaf, &[], at(NOW));
        assert_eq!(verdict(&result), expected, "{name}: {result:?}");
    }

    // It can be trusted as it is; that makes it no CA: `anchor_is_checked_too`.
    let leaf = own(client("alice"));
    let trusted = TrustAnchors::from_certs([&leaf]).unwrap();
    assert_eq!(
        verdict(&clients(trusted).build().verify(&leaf, &[], at(NOW))),
        "ok"
    );
}

#[test]
fn a_trusted_leaf_that_issues_is_no_ca() {
    // alice, who is trusted, has issued the CA that has issued her.
    let alice = root_ca("alice");
    let issuing = alice.issuing("issuing");
    let leaf = issuing.sign_for(&client("alice"), alice.key());
    let presented = [issuing.der().clone()];
    for (anchor, expected) in [(&leaf, "anchor-not-ca"), (alice.der(), "ok")] {
        let trusted = TrustAnchors::from_certs([anchor]).unwrap();
        let result = clients(trusted).build().verify(&leaf, &presented, at(NOW));
        assert_eq!(verdict(&result), expected, "{result:?}");
    }
}

#[test]
fn only_what_its_own_key_signed_under_its_own_name_is_called_self_signed() {
    let (root, other) = (root_ca("root"), root_ca("other"));
    let stranger = root_ca("root");
    let own_name = with(client("root"), expired);
    for (case, leaf, expected) in [
        (
            "its own",
            stranger.sign_for(&own_name, stranger.key()),
            "self-signed",
        ),
        (
            "of the trusted key",
            root.sign_for(&own_name, root.key()),
            "expired",
        ),
        (
            "of another key",
            stranger.sign(&client("root")),
            "unknown-issuer",
        ),
        (
            "under another name",
            other.sign_for(&client("alice"), other.key()),
            "unknown-issuer",
        ),
    ] {
        let result = clients(anchors(&root)).build().verify(&leaf, &[], at(NOW));
        assert_eq!(verdict(&result), expected, "{case}: {result:?}");
    }
}

#[test]
fn anchors_of_one_name_are_all_tried() {
    let old = root_ca("root");
    let new = root_ca("root");
    let renewed = old.clone().with(|_| ());
    let lapsed = old.clone().with(expired);
    let leaves = [old.sign(&client("alice")), new.sign(&client("bob"))];
    let cases: &[(&str, &[&CertificateDer<'_>], [&str; 2])] = &[
        ("both keys", &[old.der(), new.der()], ["ok", "ok"]),
        (
            "both keys, other order",
            &[new.der(), old.der()],
            ["ok", "ok"],
        ),
        ("one key", &[new.der()], ["unknown-issuer", "ok"]),
        (
            "one key, lapsed and renewed",
            &[lapsed.der(), renewed.der()],
            ["ok", "unknown-issuer"],
        ),
        (
            "one key, lapsed",
            &[lapsed.der(), new.der()],
            ["anchor-expired", "ok"],
        ),
    ];
    for (name, roots, expected) in cases {
        let verifier = clients(TrustAnchors::from_certs(*roots).unwrap()).build();
        let got = leaves
            .each_ref()
            .map(|leaf| verdict(&verifier.verify(leaf, &[], at(NOW))));
        assert_eq!(got, *expected, "{name}");
    }
}

#[test]
fn cross_signed_ca_leads_to_either_anchor() {
    let (old, new) = (root_ca("old root"), root_ca("new root"));
    let issuing = old.issuing("issuing");
    let crossed = new.sign_for(&ca("issuing"), issuing.key());
    let leaf = issuing.sign(&client("alice"));
    for (root, presented, expected) in [
        (&old, vec![issuing.der().clone(), crossed.clone()], "ok"),
        (&new, vec![issuing.der().clone(), crossed.clone()], "ok"),
        (&new, vec![issuing.der().clone()], "unknown-issuer"),
    ] {
        let result = clients(anchors(root))
            .build()
            .verify(&leaf, &presented, at(NOW));
        assert_eq!(verdict(&result), expected);
    }
}

#[test]
fn of_two_good_paths_the_one_that_is_presented_first_counts() {
    let (old, new) = (root_ca("old root"), root_ca("new root"));
    let issuing = old.issuing("issuing");
    let crossed = new.sign_for(&ca("issuing"), issuing.key());
    let leaf = issuing.sign(&client("alice"));
    let anchors = TrustAnchors::from_certs([old.der(), new.der()]).unwrap();
    for (presented, root) in [
        ([issuing.der().clone(), crossed.clone()], "CN=old root"),
        ([crossed.clone(), issuing.der().clone()], "CN=new root"),
    ] {
        let verifier = clients(anchors.clone()).build();
        let path = verifier.verify(&leaf, &presented, at(NOW)).unwrap();
        assert_eq!(path.anchor().subject().to_string(), root);
    }
}

#[test]
fn trust_bundle_is_read_whole_or_refused() {
    let (a, b) = (root_ca("a"), root_ca("b"));
    let both = format!("# our roots\n{}{}", a.pem(), b.pem());
    assert_eq!(
        TrustAnchors::from_pem(both.as_bytes())
            .unwrap()
            .certificates()
            .len(),
        2
    );
    assert_eq!(
        TrustAnchors::from_pem(a.der())
            .unwrap()
            .certificates()
            .len(),
        1
    );
    let twice = TrustAnchors::from_certs([a.der(), a.der()]).unwrap();
    assert_eq!(twice.certificates().len(), 1);

    let new_key = root_ca("a");
    let hints = TrustAnchors::from_certs([a.der(), new_key.der(), b.der()]).unwrap();
    let names: Vec<_> = hints.subjects().collect();
    assert_eq!(
        names,
        [
            hints.certificates()[0].subject_der(),
            hints.certificates()[2].subject_der()
        ]
    );

    let broken = both.replacen("MII", "!!!", 2).replacen("!!!", "MII", 1);
    let nothing = |bytes: &[u8]| TrustAnchors::from_pem(bytes).unwrap_err();
    assert!(matches!(nothing(b""), AnchorError::Empty));
    assert!(matches!(nothing(b"not a certificate"), AnchorError::Empty));
    let key = a.key().serialize_pem();
    let container = "-----BEGIN PKCS7-----\nMAA=\n-----END PKCS7-----\n";
    let pem = a.pem();
    let base64 = pem.lines().filter(|line| !line.contains('-'));
    for (other, found) in [
        (key.as_bytes(), Found::PrivateKey),
        (&a.der()[..100], Found::Truncated),
        (a.crl().der(), Found::RevocationList),
        (container.as_bytes(), Found::Container),
        (base64.collect::<String>().as_bytes(), Found::Base64),
    ] {
        let refused = nothing(other);
        assert!(
            matches!(refused, AnchorError::NotCertificates { found: it } if it == found),
            "{found}: {refused:?}"
        );
    }
    // In a file of certificates, what else is there is another matter.
    let beside = format!("{key}{pem}");
    assert!(TrustAnchors::from_pem(beside.as_bytes()).is_ok());
    // A line break behind DER is no part of it; a second certificate would be lost.
    assert!(TrustAnchors::from_pem(&[&**a.der(), b"\n"].concat()).is_ok());
    assert!(matches!(
        nothing(&[&**a.der(), &**b.der()].concat()),
        AnchorError::Malformed { index: 0, .. }
    ));
    assert!(matches!(nothing(broken.as_bytes()), AnchorError::Pem(_)));
    let second = TrustAnchors::from_certs([&**a.der(), b"garbage".as_slice()]).unwrap_err();
    assert!(matches!(second, AnchorError::Malformed { index: 1, .. }));
}

#[test]
fn anchors_beside_anchors_are_all_trusted_and_each_counts_once() {
    let (a, b, c) = (root_ca("a"), root_ca("b"), root_ca("c"));
    let ab = TrustAnchors::from_certs([a.der(), b.der()]).unwrap();
    let both = ab.and(&TrustAnchors::from_certs([b.der(), c.der()]).unwrap());
    let order: Vec<_> = both.certificates().iter().map(|root| root.der()).collect();
    assert_eq!(order, [&**a.der(), &**b.der(), &**c.der()]);
    for (anchors, expected) in [
        (ab, ["ok", "ok", "unknown-issuer"]),
        (both, ["ok", "ok", "ok"]),
    ] {
        let verifier = clients(anchors).build();
        let got = [&a, &b, &c].map(|ca| {
            let leaf = ca.sign(&client("alice"));
            verdict(&verifier.verify(&leaf, &[], at(NOW)))
        });
        assert_eq!(got, expected);
    }
}

#[test]
fn the_right_one_of_many_anchors_of_a_name_is_found() {
    let roots: Vec<Ca> = (0..150).map(|_| root_ca("root")).collect();
    let anchors = TrustAnchors::from_certs(roots.iter().map(|root| root.der())).unwrap();
    let verifier = clients(anchors).build();
    for root in [&roots[0], &roots[149]] {
        let issuing = root.issuing("issuing");
        let (direct, below) = (root.sign(&client("alice")), issuing.sign(&client("bob")));
        let result = verifier.verify(&direct, &[], at(NOW));
        assert_eq!(verdict(&result), "ok", "{result:?}");
        let result = verifier.verify(&below, std::slice::from_ref(issuing.der()), at(NOW));
        assert_eq!(verdict(&result), "ok", "{result:?}");
    }
    let stranger = root_ca("root").sign(&client("mallory"));
    let result = verifier.verify(&stranger, &[], at(NOW));
    assert_eq!(verdict(&result), "unknown-issuer", "{result:?}");
}

#[test]
fn an_anchor_is_a_name_and_a_key_also_where_webpki_cannot_read_it() {
    let root = root_ca("root");
    let of_version_2 = root.rewrite(root.der(), |tbs| {
        tbs[0] = tlv(0xA0, tlv(2, [1]));
        tbs.pop();
    });
    let identified =
        |root: &Ca| root.rewrite(root.der(), |tbs| tbs.insert(7, tlv(0x82, [0, 0xAB])));
    let verdict_below = |anchor: &[u8]| {
        let anchors = TrustAnchors::from_certs([anchor]).unwrap();
        let leaf = root.sign(&client("alice"));
        verdict(&clients(anchors).build().verify(&leaf, &[], at(NOW)))
    };
    assert_eq!(verdict_below(&of_version_2), "ok");
    assert_eq!(verdict_below(&identified(&root)), "ok");
    // Whatever else webpki cannot read may say more: here a list of timestamps that is none.
    for (value, is_read) in [(tlv(4, [0, 0]), true), (tlv(2, [1]), false)] {
        let stamped = root.clone().with(|ca| {
            let oid = [1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];
            let list = CustomExtension::from_oid_content(&oid, value);
            ca.custom_extensions.push(list);
        });
        match TrustAnchors::from_certs([stamped.der()]) {
            Ok(_) => assert!(is_read),
            Err(AnchorError::Unsupported { index: 0, .. }) => assert!(!is_read),
            Err(error) => panic!("{error:?}"),
        }
    }
    // What it says beside that would be lost.
    let limited = root.with(|ca| {
        ca.name_constraints = Some(rcgen::NameConstraints {
            permitted_subtrees: vec![rcgen::GeneralSubtree::DnsName("example".to_owned())],
            excluded_subtrees: Vec::new(),
        });
    });
    let refused = TrustAnchors::from_certs([identified(&limited)]).unwrap_err();
    assert!(matches!(refused, AnchorError::Unsupported { index: 0, .. }));
}

#[test]
fn anchors_are_equal_that_trust_the_same_certificates() {
    let (a, b) = (root_ca("a"), root_ca("b"));
    let trusting =
        |roots: &[&Ca]| TrustAnchors::from_certs(roots.iter().map(|root| root.der())).unwrap();
    for (one, other, same) in [
        (&[&a][..], &[&a][..], true),
        (&[&a, &b], &[&b, &a], true),
        (&[&a], &[&b], false),
        (&[&a], &[&a, &b], false),
        (&[&a, &b], &[&a], false),
    ] {
        assert_eq!(trusting(one) == trusting(other), same);
    }
}

#[test]
fn a_broken_certificate_beside_a_key_is_called_broken() {
    let key = root_ca("root").key().serialize_pem();
    let broken = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    let refused = TrustAnchors::from_pem(format!("{key}{broken}").as_bytes()).unwrap_err();
    assert!(
        matches!(refused, AnchorError::Malformed { index: 0, .. }),
        "{refused:?}"
    );
}

fn expired(params: &mut CertificateParams) {
    params.not_after = NOW - Duration::DAY;
}

fn altered(der: &CertificateDer<'_>) -> CertificateDer<'static> {
    let mut der = der.to_vec();
    let position = der
        .windows(5)
        .position(|window| window == b"alice")
        .unwrap();
    der[position] = b'A';
    CertificateDer::from(der)
}
