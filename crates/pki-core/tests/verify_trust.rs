//! Where trust comes from: bundles, several trust anchors, CAs of one name.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod verify_kit;

use pki_core::verify::{AnchorError, TrustAnchors};
use rcgen::{CertificateParams, KeyPair};
use rustls_pki_types::CertificateDer;
use time::Duration;
use verify_kit::*;

#[test]
fn chain_from_another_ca_is_unknown_or_badly_signed() {
    let ours = Ca::root("root");
    let foreign = Ca::root("foreign root");
    let same_name = Ca::root("root");
    let no_key_id = |mut params: CertificateParams| {
        params.use_authority_key_identifier_extension = false;
        params
    };
    let cases = [
        ("right CA", ours.issue(&client("alice")), "ok"),
        (
            "other CA",
            foreign.issue(&client("alice")),
            "unknown-issuer",
        ),
        (
            "other CA of that name, key identifier tells",
            same_name.issue(&client("alice")),
            "unknown-issuer",
        ),
        (
            "other CA of that name, nothing tells",
            same_name.issue(&no_key_id(client("alice"))),
            "bad-signature",
        ),
        (
            "altered",
            altered(&ours.issue(&client("alice"))),
            "bad-signature",
        ),
        // What an untrusted certificate says about itself is not the reason.
        (
            "other CA, expired",
            foreign.issue(&with(client("alice"), expired)),
            "unknown-issuer",
        ),
        (
            "other CA, wrong usage",
            foreign.issue(&server("alice.example")),
            "unknown-issuer",
        ),
        (
            "other CA, a CA",
            foreign.issue(&ca("alice")),
            "unknown-issuer",
        ),
        (
            "right CA, expired",
            ours.issue(&with(client("alice"), expired)),
            "expired",
        ),
    ];
    for (name, leaf, expected) in cases {
        assert_eq!(
            verdict(&clients(ours.anchors()).build().verify(&leaf, &[], at(NOW))),
            expected,
            "{name}"
        );
    }
}

#[test]
fn self_signed_leaf_is_called_so() {
    let root = Ca::root("root");
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
        ("the trusted root itself", root.cert.clone(), "ca-as-leaf"),
        (
            "a CA below the root",
            root.sub(ca("issuing")).cert,
            "ca-as-leaf",
        ),
    ];
    for (name, leaf, expected) in cases {
        let result = clients(root.anchors()).build().verify(&leaf, &[], at(NOW));
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
fn anchors_of_one_name_are_all_tried() {
    let old = Ca::root("root");
    let new = Ca::root("root");
    let renewed = old.params.clone().self_signed(&old.key).unwrap();
    let lapsed = with(old.params.clone(), expired)
        .self_signed(&old.key)
        .unwrap();
    let leaves = [old.issue(&client("alice")), new.issue(&client("bob"))];
    let cases: &[(&str, &[&CertificateDer<'_>], [&str; 2])] = &[
        ("both keys", &[&old.cert, &new.cert], ["ok", "ok"]),
        (
            "both keys, other order",
            &[&new.cert, &old.cert],
            ["ok", "ok"],
        ),
        ("one key", &[&new.cert], ["unknown-issuer", "ok"]),
        (
            "one key, lapsed and renewed",
            &[lapsed.der(), renewed.der()],
            ["ok", "unknown-issuer"],
        ),
        (
            "one key, lapsed",
            &[lapsed.der(), &new.cert],
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
    let (old, new) = (Ca::root("old root"), Ca::root("new root"));
    let issuing = old.sub(ca("issuing"));
    let crossed = ca("issuing")
        .signed_by(&issuing.key, &new.issuer())
        .unwrap()
        .der()
        .clone();
    let leaf = issuing.issue(&client("alice"));
    for (root, presented, expected) in [
        (&old, vec![issuing.cert.clone(), crossed.clone()], "ok"),
        (&new, vec![issuing.cert.clone(), crossed.clone()], "ok"),
        (&new, vec![issuing.cert.clone()], "unknown-issuer"),
    ] {
        let result = clients(root.anchors())
            .build()
            .verify(&leaf, &presented, at(NOW));
        assert_eq!(verdict(&result), expected);
    }
}

#[test]
fn trust_bundle_is_read_whole_or_refused() {
    let (a, b) = (Ca::root("a"), Ca::root("b"));
    let pem = |ca: &Ca| ca.params.self_signed(&ca.key).unwrap().pem();
    let both = format!("# our roots\n{}{}", pem(&a), pem(&b));
    assert_eq!(
        TrustAnchors::from_pem(both.as_bytes())
            .unwrap()
            .certificates()
            .len(),
        2
    );
    assert_eq!(
        TrustAnchors::from_pem(&a.cert)
            .unwrap()
            .certificates()
            .len(),
        1
    );
    let twice = TrustAnchors::from_certs([&a.cert, &a.cert]).unwrap();
    assert_eq!(twice.certificates().len(), 1);

    let new_key = Ca::root("a");
    let hints = TrustAnchors::from_certs([&a.cert, &new_key.cert, &b.cert]).unwrap();
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
    assert!(matches!(
        nothing(a.key.serialize_pem().as_bytes()),
        AnchorError::Empty
    ));
    assert!(matches!(
        nothing(&a.cert[..100]),
        AnchorError::Malformed { index: 0, .. }
    ));
    // A line break behind DER is no part of it; a second certificate would be lost.
    assert!(TrustAnchors::from_pem(&[&*a.cert, b"\n"].concat()).is_ok());
    assert!(matches!(
        nothing(&[&*a.cert, &*b.cert].concat()),
        AnchorError::Malformed { index: 0, .. }
    ));
    assert!(matches!(nothing(broken.as_bytes()), AnchorError::Pem(_)));
    let second = TrustAnchors::from_certs([&*a.cert, b"garbage".as_slice()]).unwrap_err();
    assert!(matches!(second, AnchorError::Malformed { index: 1, .. }));
}

#[test]
fn anchors_beside_anchors_are_all_trusted_and_each_counts_once() {
    let (a, b, c) = (Ca::root("a"), Ca::root("b"), Ca::root("c"));
    let ab = TrustAnchors::from_certs([&a.cert, &b.cert]).unwrap();
    let both = ab.and(&TrustAnchors::from_certs([&b.cert, &c.cert]).unwrap());
    let order: Vec<_> = both.certificates().iter().map(|root| root.der()).collect();
    assert_eq!(order, [&*a.cert, &*b.cert, &*c.cert]);
    for (anchors, expected) in [
        (ab, ["ok", "ok", "unknown-issuer"]),
        (both, ["ok", "ok", "ok"]),
    ] {
        let verifier = clients(anchors).build();
        let got = [&a, &b, &c].map(|ca| {
            let leaf = ca.issue(&client("alice"));
            verdict(&verifier.verify(&leaf, &[], at(NOW)))
        });
        assert_eq!(got, expected);
    }
}

#[test]
fn the_right_one_of_many_anchors_of_a_name_is_found() {
    let roots: Vec<Ca> = (0..150).map(|_| Ca::root("root")).collect();
    let anchors = TrustAnchors::from_certs(roots.iter().map(|root| &root.cert)).unwrap();
    let verifier = clients(anchors).build();
    for root in [&roots[0], &roots[149]] {
        let issuing = root.sub(ca("issuing"));
        let (direct, below) = (root.issue(&client("alice")), issuing.issue(&client("bob")));
        let result = verifier.verify(&direct, &[], at(NOW));
        assert_eq!(verdict(&result), "ok", "{result:?}");
        let result = verifier.verify(&below, std::slice::from_ref(&issuing.cert), at(NOW));
        assert_eq!(verdict(&result), "ok", "{result:?}");
    }
    let stranger = Ca::root("root").issue(&client("mallory"));
    let result = verifier.verify(&stranger, &[], at(NOW));
    assert_eq!(verdict(&result), "unknown-issuer", "{result:?}");
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
