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
use time::Duration;
use time::macros::datetime;
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
    let root = Ca::root("root");
    let outer = root.sub(ca("outer"));
    let inner = outer.sub(ca("inner"));
    let stray = Ca::root("stray");
    let leaf = inner.issue(&client("alice"));
    let all = [
        &inner.cert,
        &outer.cert,
        &root.cert,
        &stray.cert,
        &inner.cert,
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
    let verifier = clients(root.anchors()).build();
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
        .verify(&leaf, std::slice::from_ref(&inner.cert), at(NOW))
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
    let foreign = clients(stray.anchors()).build();
    let chain = [inner.cert.clone(), outer.cert.clone(), root.cert.clone()];
    let refused = foreign.verify(&leaf, &chain, at(NOW)).unwrap_err();
    assert!(
        matches!(&refused, VerifyError::UnknownIssuer { issuer, .. } if issuer == "CN=root"),
        "{refused:?}"
    );
}

#[test]
fn roots_of_one_name_are_all_tried() {
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
fn cross_signed_ca_leads_to_either_root() {
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
fn recipe_certificates_pass() {
    let mut root = with(ca("My Root CA"), |root| {
        root.key_usages.clear();
        root.distinguished_name
            .push(DnType::OrganizationName, "MyOrg");
    });
    root.not_after = NOW + Duration::days(3650);
    let key = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_4096).unwrap();
    let root = Ca::self_signed(root, key);
    for purpose in [Purpose::TlsClient, Purpose::TlsServer] {
        let leaf = root.issue(&with(leaf(purpose, "api.example.local"), |leaf| {
            leaf.key_usages.clear();
            leaf.is_ca = IsCa::NoCa;
            leaf.use_authority_key_identifier_extension = false;
        }));
        let verifier = ChainVerifier::builder(root.anchors(), purpose).build();
        for presented in [vec![], vec![root.cert.clone()]] {
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
    let root = Ca::root("root");
    let leaf = root.issue(&with(server("api.example.local"), |leaf| {
        leaf.distinguished_name
            .push(DnType::CommonName, "only-in-cn.example");
        leaf.subject_alt_names
            .push(SanType::DnsName("*.wild.example".try_into().unwrap()));
        leaf.subject_alt_names
            .push(SanType::IpAddress("127.0.0.1".parse().unwrap()));
    }));
    let verifier = ChainVerifier::builder(root.anchors(), Purpose::TlsServer).build();
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
    let root = Ca::root("root");
    let leaf = root.issue(&client("alice"));
    let verifier = clients(root.anchors()).build();
    for (count, expected) in [(9, "ok"), (10, "chain-too-large")] {
        assert_eq!(
            verdict(&verifier.verify(&leaf, &vec![root.cert.clone(); count], at(NOW))),
            expected
        );
    }
    let len = leaf.len();
    for (bytes, expected) in [(len, "ok"), (len - 1, "chain-too-large")] {
        let verifier = clients(root.anchors()).max_presented(10, bytes).build();
        assert_eq!(verdict(&verifier.verify(&leaf, &[], at(NOW))), expected);
    }
}

#[test]
fn look_alike_issuers_cost_a_bounded_amount() {
    let root = Ca::root("root");
    // All of one name, each signed by each other's name: a maze without an exit.
    let maze: Vec<_> = (0..49)
        .map(|_| Ca::root("root").sub(ca("root")).cert)
        .collect();
    let stranger = Ca::root("root");
    let leaf = stranger.issue(&client("alice"));
    let verifier = clients(root.anchors()).max_presented(64, 64 * 1024).build();
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
    let root = Ca::root("root");
    let issuing = root.sub(ca("issuing"));
    let garbage = CertificateDer::from(vec![0x30, 0x03, 1, 2, 3]);
    let verifier = clients(root.anchors()).build();
    let leaf = issuing.issue(&client("alice"));
    let good = [garbage.clone(), issuing.cert.clone()];
    assert_eq!(
        verdict(&verifier.verify(&leaf, &good, at(NOW))),
        "malformed"
    );
    let lenient = clients(root.anchors())
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
fn refusals_say_who_when_and_what_to_do() {
    let root = Ca::root("root");
    let verifier = clients(root.anchors()).build();
    let say = |leaf: &CertificateParams| {
        verifier
            .verify(&root.issue(leaf), &[], at(NOW))
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
    let root = Ca::root("root");
    let leaf = root.issue(&client("alice"));
    let verifier = clients(root.anchors()).build();
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
    let root = Ca::root("root");
    // Each could be the issuer of each other by its name, and none leads to the root.
    let twins: Vec<Ca> = (0..9).map(|_| Ca::root("twin")).collect();
    let leaf = twins[0].issue(&client("alice"));
    let presented: Vec<_> = twins.iter().map(|twin| twin.cert.clone()).collect();
    let verifier = clients(root.anchors()).build();
    let start = std::time::Instant::now();
    let result = verifier.verify(&leaf, &presented, at(NOW));
    let took = start.elapsed();
    assert_eq!(verdict(&result), "unknown-issuer");
    assert!(took < std::time::Duration::from_millis(100), "{took:?}");
}

#[test]
fn roots_beside_roots_are_all_trusted_and_each_counts_once() {
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
fn the_right_one_of_many_roots_of_a_name_is_found() {
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
