//! Where trust comes from, and the reason that is given when it does not.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod verify_kit;

use std::error::Error as _;

use pki_core::verify::{
    AnchorError, ChainVerifier, Purpose, Strictness, TrustAnchors, VerifyError, VerifyErrorKind,
    unix_time,
};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType};
use rustls_pki_types::{CertificateDer, ServerName};
use test_pki::KeyKind;
use time::Duration;
use time::macros::datetime;
use verify_kit::*;

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

    // It can be trusted as it is; that makes it no CA: `anchor_is_judged_too`.
    let leaf = own(client("alice"));
    let trusted = TrustAnchors::from_certs([&leaf]).unwrap();
    assert_eq!(
        verdict(&clients(trusted).build().verify(&leaf, &[], at(NOW))),
        "ok"
    );
}

#[test]
fn path_is_found_in_any_order_and_with_more_than_needed() {
    let root = root_ca("root");
    let outer = root.issuing("outer");
    let inner = outer.issuing("inner");
    let stray = root_ca("stray");
    let leaf = inner.sign(&client("alice"));
    let all = [
        inner.der(),
        outer.der(),
        root.der(),
        stray.der(),
        inner.der(),
        &leaf,
    ];
    let cases: &[(&str, &[usize], &str)] = &[
        ("in order", &[0, 1], "ok"),
        ("reversed", &[1, 0], "ok"),
        ("root appended", &[0, 1, 2], "ok"),
        ("root first", &[2, 1, 0], "ok"),
        ("stray, repeated, leaf again", &[3, 4, 5, 1, 0], "ok"),
        ("inner missing", &[1], "unknown-issuer"),
        ("outer missing", &[0], "unknown-issuer"),
        ("nothing", &[], "unknown-issuer"),
    ];
    let verifier = clients(anchors(&root)).build();
    for (name, order, expected) in cases {
        let presented: Vec<_> = order.iter().map(|index| all[*index].clone()).collect();
        let result = verifier.verify(&leaf, &presented, at(NOW));
        assert_eq!(verdict(&result), *expected, "{name}: {result:?}");
        if let Ok(path) = result {
            let subjects: Vec<_> = path
                .certificates()
                .map(|each| each.subject().to_string())
                .collect();
            assert_eq!(
                subjects,
                ["CN=alice", "CN=inner", "CN=outer", "CN=root"],
                "{name}"
            );
        }
    }
    let missing = verifier
        .verify(&leaf, std::slice::from_ref(inner.der()), at(NOW))
        .unwrap_err();
    let VerifyError::UnknownIssuer { subject, issuer } = &missing else {
        panic!("{missing:?}")
    };
    assert_eq!(
        (subject.as_str(), issuer.as_str()),
        ("CN=inner", "CN=outer")
    );
    assert_eq!(missing.kind(), VerifyErrorKind::UntrustedIssuer);

    // The whole foreign chain, its root included, is still not trusted.
    let foreign = clients(anchors(&stray)).build();
    let chain = [inner.der().clone(), outer.der().clone(), root.der().clone()];
    let refused = foreign.verify(&leaf, &chain, at(NOW)).unwrap_err();
    assert!(
        matches!(&refused, VerifyError::UnknownIssuer { issuer, .. } if issuer == "CN=root"),
        "{refused:?}"
    );
}

#[test]
fn roots_of_one_name_are_all_tried() {
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
fn cross_signed_ca_leads_to_either_root() {
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
fn recipe_certificates_pass() {
    let root = root_ca("My Root CA").with_key(KeyKind::Rsa4096);
    let root = root.with(|root| {
        root.key_usages.clear();
        root.distinguished_name
            .push(DnType::OrganizationName, "MyOrg");
    });
    for purpose in [Purpose::TlsClient, Purpose::TlsServer] {
        let leaf = root.sign(&with(leaf(purpose, "api.example.local"), |leaf| {
            leaf.key_usages.clear();
            leaf.is_ca = IsCa::NoCa;
            leaf.use_authority_key_identifier_extension = false;
        }));
        let verifier = ChainVerifier::builder(anchors(&root), purpose).build();
        for presented in [vec![], vec![root.der().clone()]] {
            assert_eq!(
                verdict(&verifier.verify(&leaf, &presented, at(NOW))),
                "ok",
                "{purpose}"
            );
        }
    }
}

#[test]
fn server_name_must_be_among_the_alternative_names() {
    let root = root_ca("root");
    let leaf = root.sign(&with(server("api.example.local"), |leaf| {
        leaf.distinguished_name
            .push(DnType::CommonName, "only-in-cn.example");
        leaf.subject_alt_names
            .push(SanType::DnsName("*.wild.example".try_into().unwrap()));
        leaf.subject_alt_names
            .push(SanType::IpAddress("127.0.0.1".parse().unwrap()));
    }));
    let verifier = ChainVerifier::builder(anchors(&root), Purpose::TlsServer).build();
    for (name, expected) in [
        ("api.example.local", "ok"),
        ("API.example.LOCAL", "ok"),
        ("x.wild.example", "ok"),
        ("127.0.0.1", "ok"),
        ("a.b.wild.example", "name-mismatch"),
        ("wild.example", "name-mismatch"),
        ("only-in-cn.example", "name-mismatch"),
        ("127.0.0.2", "name-mismatch"),
        ("::1", "name-mismatch"),
    ] {
        let result =
            verifier.verify_server(&leaf, &[], &ServerName::try_from(name).unwrap(), at(NOW));
        assert_eq!(verdict(&result), expected, "{name}");
        if let Err(VerifyError::NameMismatch { wanted, presented }) = result {
            assert_eq!(wanted, name);
            assert_eq!(
                presented,
                ["api.example.local", "*.wild.example", "127.0.0.1"]
            );
        }
    }
}

#[test]
fn presented_chain_is_limited_in_number_and_bytes() {
    let root = root_ca("root");
    let leaf = root.sign(&client("alice"));
    let verifier = clients(anchors(&root)).build();
    for (count, expected) in [(9, "ok"), (10, "chain-too-large")] {
        assert_eq!(
            verdict(&verifier.verify(&leaf, &vec![root.der().clone(); count], at(NOW))),
            expected
        );
    }
    let len = leaf.len();
    for (bytes, expected) in [(len, "ok"), (len - 1, "chain-too-large")] {
        let verifier = clients(anchors(&root)).max_presented(10, bytes).build();
        assert_eq!(verdict(&verifier.verify(&leaf, &[], at(NOW))), expected);
    }
}

#[test]
fn look_alike_issuers_cost_a_bounded_amount() {
    let root = root_ca("root");
    // All of one name, each signed by each other's name: a maze without an exit.
    let maze: Vec<_> = (0..49)
        .map(|_| root_ca("root").issuing("root").der().clone())
        .collect();
    let stranger = root_ca("root");
    let leaf = stranger.sign(&client("alice"));
    let verifier = clients(anchors(&root)).max_presented(64, 64 * 1024).build();
    let start = std::time::Instant::now();
    let result = verifier.verify(&leaf, &maze, at(NOW));
    assert_ne!(verdict(&result), "ok");
    assert!(
        start.elapsed() < std::time::Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn what_is_no_certificate_is_refused_needed_or_not() {
    let root = root_ca("root");
    let issuing = root.issuing("issuing");
    let garbage = CertificateDer::from(vec![0x30, 0x03, 1, 2, 3]);
    let verifier = clients(anchors(&root)).build();
    let leaf = issuing.sign(&client("alice"));
    let good = [garbage.clone(), issuing.der().clone()];
    assert_eq!(
        verdict(&verifier.verify(&leaf, &good, at(NOW))),
        "malformed"
    );
    let lenient = clients(anchors(&root))
        .strictness(Strictness::WebPki)
        .build();
    assert_eq!(verdict(&lenient.verify(&leaf, &good, at(NOW))), "ok");
    let missing = verifier
        .verify(&leaf, std::slice::from_ref(&garbage), at(NOW))
        .unwrap_err();
    assert!(
        matches!(missing, VerifyError::Malformed { position: 1, .. }),
        "{missing:?}"
    );
    assert!(missing.source().is_some());
    let leaf = verifier.verify(&garbage, &[], at(NOW)).unwrap_err();
    assert!(
        matches!(leaf, VerifyError::Malformed { position: 0, .. }),
        "{leaf:?}"
    );
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
    assert!(matches!(
        nothing(a.key().serialize_pem().as_bytes()),
        AnchorError::Empty
    ));
    assert!(matches!(
        nothing(&a.der()[..100]),
        AnchorError::Malformed { index: 0, .. }
    ));
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
fn refusals_say_who_when_and_what_to_do() {
    let root = root_ca("root");
    let verifier = clients(anchors(&root)).build();
    let say = |leaf: &CertificateParams| {
        verifier
            .verify(&root.sign(leaf), &[], at(NOW))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        say(&with(client("alice"), |leaf| leaf.not_after =
            datetime!(2025-05-31 00:00 UTC))),
        "CN=alice expired at 2025-05-31T00:00:00Z, it is 2025-06-01T12:00:00Z now: renew it"
    );
    assert_eq!(
        say(&with(client("alice"), |leaf| leaf
            .extended_key_usages
            .clear())),
        "CN=alice has no extended key usage: issue it again with clientAuth"
    );
    assert_eq!(
        say(&with(client("alice"), |leaf| leaf.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth])),
        "CN=alice is for serverAuth only, not for clientAuth: issue it again with clientAuth"
    );
}

#[test]
fn time_before_1970_and_after_9999_refuses() {
    let root = root_ca("root");
    let leaf = root.sign(&client("alice"));
    let verifier = clients(anchors(&root)).build();
    let early = unix_time(datetime!(1960-01-01 00:00 UTC));
    assert_eq!(
        verdict(&verifier.verify(&leaf, &[], early)),
        "not-yet-valid"
    );
    let late =
        rustls_pki_types::UnixTime::since_unix_epoch(std::time::Duration::from_secs(u64::MAX));
    assert_eq!(verdict(&verifier.verify(&leaf, &[], late)), "expired");
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

#[test]
fn look_alikes_that_lead_nowhere_cost_a_bounded_amount() {
    let root = root_ca("root");
    // Each could be the issuer of each other by its name, and none leads to the root.
    let twins: Vec<Ca> = (0..9).map(|_| root_ca("twin")).collect();
    let leaf = twins[0].sign(&client("alice"));
    let presented: Vec<_> = twins.iter().map(|twin| twin.der().clone()).collect();
    let verifier = clients(anchors(&root)).build();
    let start = std::time::Instant::now();
    let result = verifier.verify(&leaf, &presented, at(NOW));
    let took = start.elapsed();
    assert_eq!(verdict(&result), "unknown-issuer");
    assert!(took < std::time::Duration::from_millis(100), "{took:?}");
}

#[test]
fn roots_beside_roots_are_all_trusted_and_each_counts_once() {
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
fn the_right_one_of_many_roots_of_a_name_is_found() {
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
