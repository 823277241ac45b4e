//! Finding a path in what was presented, and what that may cost.

use std::error::Error as _;

use pki_core::verify::{ChainVerifier, Purpose, Strictness, VerifyError, VerifyErrorKind};
use rcgen::{DnType, GeneralSubtree, IsCa, NameConstraints, SanType};
use rustls_pki_types::CertificateDer;
use test_pki::KeyKind;

use crate::verify_kit::*;

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
    for (certificates, expected) in [(3, "ok"), (2, "chain-too-large")] {
        let verifier = clients(anchors(&root))
            .max_presented(certificates, 32 * 1024)
            .build();
        let others = vec![root.der().clone(); 2];
        assert_eq!(verdict(&verifier.verify(&leaf, &others, at(NOW))), expected);
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
fn what_is_not_a_certificate_is_refused_needed_or_not() {
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
    // One that is not needed may say what cannot be read, in the shape of a certificate.
    let stray = root_ca("elsewhere").issuing("stray");
    let outer = fields(content(stray.der()));
    let algorithm_in_a_set = tlv(0x31, content(&outer[1]));
    for (der, expected) in [
        (unreadable(&stray), "ok"),
        ([&**stray.der(), &[0]].concat(), "malformed"),
        (
            tlv(0x30, [&*outer[0], &algorithm_in_a_set, &outer[2]].concat()),
            "malformed",
        ),
    ] {
        let presented = [CertificateDer::from(der), issuing.der().clone()];
        let result = verifier.verify(&leaf, &presented, at(NOW));
        assert_eq!(verdict(&result), expected, "{result:?}");
    }
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

/// The certificate of this CA, with a line break in an alternative name, which webpki does not look at.
fn unreadable(ca: &Ca) -> Vec<u8> {
    let broken = custom(17, false, tlv(0x30, tlv(0x82, b"a\nb")));
    let ca = ca.clone().with(|ca| ca.custom_extensions.push(broken));
    ca.der().to_vec()
}

#[test]
fn what_cannot_be_read_is_named_by_its_place() {
    let root = root_ca("root");
    let issuing = root.issuing("issuing");
    let leaf = issuing.sign(&client("alice"));
    let stray = root_ca("elsewhere").issuing("stray").der().clone();
    let broken = CertificateDer::from(unreadable(&issuing));
    let verifier = clients(anchors(&root)).build();
    for (presented, expected) in [([&broken, &stray], 1), ([&stray, &broken], 2)] {
        let presented = presented.map(CertificateDer::clone);
        match verifier.verify(&leaf, &presented, at(NOW)).unwrap_err() {
            VerifyError::Malformed { position, .. } => assert_eq!(position, expected),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn names_and_constraints_cost_a_bounded_amount() {
    let names = |prefix: char, many: usize| (0..many).map(move |it| format!("{prefix}{it}"));
    for (many, expected) in [(400, "ok"), (600, "chain-too-complex")] {
        let root = root_ca("root");
        let issuing = root.issuing("issuing").with(|ca| {
            ca.name_constraints = Some(NameConstraints {
                permitted_subtrees: Vec::new(),
                excluded_subtrees: names('x', many).map(GeneralSubtree::DnsName).collect(),
            });
        });
        let leaf = issuing.sign(&with(client("alice"), |leaf| {
            let names = names('a', many).map(|name| SanType::DnsName(name.try_into().unwrap()));
            leaf.subject_alt_names = names.collect();
        }));
        let verifier = clients(anchors(&root)).build();
        let result = verifier.verify(&leaf, &[issuing.der().clone()], at(NOW));
        assert_eq!(verdict(&result), expected, "{result:?}");
    }
}
