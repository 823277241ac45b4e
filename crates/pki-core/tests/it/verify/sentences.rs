//! What is said of a certificate is true of it, and what to do about it can be done.

use pki_core::verify::{
    ChainVerifier, Purpose, VerifyError, VerifyErrorKind, problems_of_leaf, unix_time,
};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyUsagePurpose, SanType};
use rustls_pki_types::ServerName;
use time::Duration;
use x509_identity::Certificate;

use crate::verify_kit::*;

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

fn ip(address: &str) -> SanType {
    SanType::IpAddress(address.parse().unwrap())
}

fn mismatch(names: Vec<SanType>, dialled: &str) -> String {
    let root = root_ca("root");
    let leaf = root.sign(&with(server("only-in-cn.test"), |leaf| {
        leaf.subject_alt_names = names;
    }));
    let verifier = ChainVerifier::builder(anchors(&root), Purpose::TlsServer).build();
    let name = ServerName::try_from(dialled).unwrap();
    let error = verifier
        .verify_server(&leaf, &[], &name, at(NOW))
        .unwrap_err();
    assert_eq!(error.kind(), VerifyErrorKind::NameMismatch);
    error.to_string()
}

#[test]
fn a_certificate_that_ends_before_it_begins_is_not_called_expired() {
    let root = root_ca("root");
    let reversed = with(client("alice"), |leaf| {
        (leaf.not_before, leaf.not_after) = (NOW + Duration::days(2), NOW - Duration::days(2));
    });
    let leaf = root.sign(&reversed);
    let error = clients(anchors(&root)).build().verify(&leaf, &[], at(NOW));
    let error = error.unwrap_err();
    assert_eq!(error.code(), "validity");
    assert_eq!(
        error.to_string(),
        "CN=alice ends at 2025-05-30T12:00:00Z, before it begins at 2025-06-03T12:00:00Z: issue it again"
    );
    let own = Certificate::from_der(&leaf).unwrap();
    let problems = problems_of_leaf(&own, Purpose::TlsClient, unix_time(NOW));
    assert!(
        matches!(&problems[..], [VerifyError::Validity { .. }]),
        "{problems:?}"
    );
}

#[test]
fn a_name_that_does_not_match_is_never_among_those_that_do() {
    for (names, dialled, said) in [
        (
            vec![dns("a.test"), ip("10.0.0.1")],
            "b.test",
            "certificate is not for b.test, only for a.test, 10.0.0.1: connect by one of those names, or issue it for \
             this one",
        ),
        (
            vec![dns("127.0.0.1")],
            "127.0.0.1",
            "certificate has 127.0.0.1 as a DNS name, which no address matches: issue it again with 127.0.0.1 as an IP \
             address",
        ),
        (
            vec![dns("127.0.0.1"), dns("a.test")],
            "127.0.0.2",
            "certificate is not for 127.0.0.2, only for a.test: connect by one of those names, or issue it for this one",
        ),
        (
            vec![dns("*")],
            "localhost",
            "certificate is not for localhost, and no host has the DNS name *: issue it again for localhost",
        ),
        (
            vec![dns("localhost.")],
            "localhost",
            "certificate is not for localhost, and no host has the DNS name localhost.: issue it again for localhost",
        ),
        (
            Vec::new(),
            "only-in-cn.test",
            "certificate is not for only-in-cn.test and names no host: issue it again with only-in-cn.test as a \
             subject alternative name (a common name is not looked at)",
        ),
        (
            vec![SanType::URI("https://a.test/".try_into().unwrap())],
            "a.test",
            "certificate is not for a.test and names no host: issue it again with a.test as a subject alternative \
             name (a common name is not looked at)",
        ),
    ] {
        assert_eq!(mismatch(names, dialled), said);
    }
}

#[test]
fn certificates_that_cannot_be_read_are_counted_from_one() {
    let root = root_ca("root");
    let good = root.sign(&client("alice"));
    let verifier = clients(anchors(&root)).build();
    let say = |leaf: &[u8], above: &[u8]| {
        let (leaf, above) = (leaf.into(), above.into());
        let error = verifier.verify(&leaf, &[above], at(NOW)).unwrap_err();
        assert!(std::error::Error::source(&error).is_some());
        error.to_string()
    };
    assert_eq!(
        say(b"0", root.der()),
        "the presented certificate cannot be read: issue it again"
    );
    assert_eq!(
        say(&good, b"0"),
        "certificate 2 of the presented chain cannot be read: take it again from where it was issued, or leave it out"
    );
}

fn problems(purpose: Purpose, params: &CertificateParams) -> Vec<&'static str> {
    let der = root_ca("root").sign(params);
    codes(purpose, &der)
}

fn codes(purpose: Purpose, der: &[u8]) -> Vec<&'static str> {
    let certificate = Certificate::from_der(der).unwrap();
    let problems = problems_of_leaf(&certificate, purpose, at(NOW));
    problems.iter().map(VerifyError::code).collect()
}

#[test]
fn a_leaf_alone_has_the_problems_that_any_verifier_would_find() {
    use Purpose::{TlsClient, TlsServer};
    let client = |change: fn(&mut CertificateParams)| with(client("alice"), change);
    let server = |change: fn(&mut CertificateParams)| with(server("localhost"), change);
    for (purpose, params, expected) in [
        (TlsClient, client(|_| ()), &[][..]),
        (TlsServer, server(|_| ()), &[]),
        (
            TlsServer,
            client(|_| ()),
            &["wrong-extended-key-usage", "no-server-name"],
        ),
        (TlsClient, server(|_| ()), &["wrong-extended-key-usage"]),
        (
            TlsClient,
            client(|leaf| leaf.extended_key_usages.clear()),
            &["no-extended-key-usage"],
        ),
        (
            TlsClient,
            client(|leaf| leaf.key_usages = vec![KeyUsagePurpose::KeyEncipherment]),
            &["key-usage"],
        ),
        (
            TlsClient,
            client(|leaf| leaf.not_after = NOW - Duration::SECOND),
            &["expired"],
        ),
        (
            TlsServer,
            server(|leaf| leaf.not_before = NOW + Duration::SECOND),
            &["not-yet-valid"],
        ),
        (
            TlsServer,
            server(|leaf| leaf.subject_alt_names.clear()),
            &["no-server-name"],
        ),
        (
            TlsServer,
            server(|leaf| {
                leaf.not_after = NOW - Duration::SECOND;
                leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            }),
            &["expired", "wrong-extended-key-usage"],
        ),
        (TlsServer, ca("root"), &["ca-as-leaf"]),
    ] {
        assert_eq!(problems(purpose, &params), expected, "{purpose}");
    }
}

/// The certificate with another signature algorithm, given as the content of its AlgorithmIdentifier.
fn with_algorithm(der: &[u8], algorithm: &[u8]) -> Vec<u8> {
    let algorithm = tlv(0x30, algorithm);
    let mut outer = fields(content(der));
    let mut tbs = fields(content(&outer[0]));
    tbs[2] = algorithm.clone();
    outer[0] = tlv(0x30, tbs.concat());
    outer[1] = algorithm;
    tlv(0x30, outer.concat())
}

/// RSASSA-PSS with SHA-256 for hash and mask, and this salt.
fn pss(salt: u8) -> Vec<u8> {
    let sha256 = tlv(0x30, tlv(0x06, [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1]));
    let mgf1 = [
        tlv(0x06, [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 8]),
        sha256.clone(),
    ];
    let parameters = [
        tlv(0xA0, &sha256),
        tlv(0xA1, tlv(0x30, mgf1.concat())),
        tlv(0xA2, tlv(0x02, [0, salt])),
    ];
    let oid = tlv(0x06, [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 10]);
    [oid, tlv(0x30, parameters.concat())].concat()
}

#[test]
fn what_is_wrong_with_a_signature_is_its_algorithm_or_its_parameters() {
    let alice = root_ca("root").sign(&client("alice"));
    let say = |algorithm: &[u8]| {
        let certificate = Certificate::from_der(&with_algorithm(&alice, algorithm)).unwrap();
        let problems = problems_of_leaf(&certificate, Purpose::TlsClient, at(NOW));
        problems.first().unwrap().to_string()
    };
    let salt = say(&pss(222));
    assert!(
        salt.contains("RSASSA-PSS with SHA-256 and a salt of 222 bytes,"),
        "{salt}"
    );
    assert!(!salt.contains("again with SHA-256"), "{salt}");
    let bare = tlv(0x06, [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 10]);
    for sha1 in [say(&bare), say(&[bare.clone(), tlv(0x30, [])].concat())] {
        assert!(
            sha1.contains("RSASSA-PSS with SHA-1 and a salt of 20 bytes,"),
            "{sha1}"
        );
    }
    let ecdsa = say(&tlv(0x06, [0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 1]));
    assert!(
        ecdsa.contains("ecdsa-with-SHA1, which is not accepted"),
        "{ecdsa}"
    );
}

#[test]
fn what_a_verifier_refuses_a_leaf_for_is_among_its_problems() {
    let root = root_ca("root");
    let verifier = clients(anchors(&root)).build();
    for change in [
        (|leaf| leaf.key_usages = vec![KeyUsagePurpose::KeyEncipherment])
            as fn(&mut CertificateParams),
        |leaf| leaf.extended_key_usages.clear(),
        |leaf| leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth],
        |leaf| leaf.not_after = NOW - Duration::SECOND,
        |leaf| leaf.distinguished_name = rcgen::DistinguishedName::new(),
        |leaf| leaf.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained),
    ] {
        let der = root.sign(&with(client("alice"), change));
        let refused = verifier.verify(&der, &[], unix_time(NOW)).unwrap_err();
        let found = codes(Purpose::TlsClient, &der);
        assert!(found.contains(&refused.code()), "{found:?}: {refused}");
    }
}

#[test]
fn each_problem_of_a_leaf_is_found_without_its_issuer_and_no_other() {
    let root = root_ca("root");
    let codes = |der: &[u8], purpose| {
        let leaf = Certificate::from_der(der).unwrap();
        let problems = problems_of_leaf(&leaf, purpose, unix_time(NOW));
        let codes = problems.iter().map(VerifyError::code);
        codes.collect::<Vec<_>>()
    };
    let (alice, host) = (client("alice"), server("host.test"));
    let of_version_1 = |der: &[u8]| {
        root.rewrite(der, |tbs| {
            tbs.remove(0);
            tbs.pop();
        })
    };
    let unknown = with(alice.clone(), |leaf| {
        let mut extension = rcgen::CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
        extension.set_criticality(true);
        leaf.custom_extensions.push(extension);
    });
    let named = |names: Vec<SanType>| {
        let params = with(host.clone(), |leaf| leaf.subject_alt_names = names);
        root.sign(&params)
    };
    let email = SanType::Rfc822Name("a@host.test".try_into().unwrap());
    for (case, der, purpose, expected) in [
        ("client", root.sign(&alice), Purpose::TlsClient, vec![]),
        ("server", root.sign(&host), Purpose::TlsServer, vec![]),
        (
            "version 1",
            of_version_1(&root.sign(&alice)).into(),
            Purpose::TlsClient,
            vec!["unsupported-version"],
        ),
        (
            "critical extension",
            root.sign(&unknown),
            Purpose::TlsClient,
            vec!["unknown-critical-extension"],
        ),
        (
            "an address alone",
            named(vec![ip("192.0.2.1")]),
            Purpose::TlsServer,
            vec![],
        ),
        (
            "a mailbox alone",
            named(vec![email]),
            Purpose::TlsServer,
            vec!["no-server-name"],
        ),
        (
            "a CA",
            root.issuing("issuing").der().clone(),
            Purpose::TlsClient,
            vec!["ca-as-leaf"],
        ),
    ] {
        assert_eq!(codes(&der, purpose), expected, "{case}");
    }
    for (bits, expected) in [(1024, vec!["weak-key"]), (2048, vec![])] {
        let issuer = root.issuer();
        let leaf = alice.signed_by(&FakeRsa::new(bits), &issuer).unwrap();
        assert_eq!(codes(leaf.der(), Purpose::TlsClient), expected, "{bits}");
    }
}

#[test]
fn a_refusal_names_the_certificate_that_is_the_reason() {
    let root = root_ca("root");
    let usual = |_: &mut CertificateParams| {};
    type Change = fn(&mut CertificateParams);
    let cases: &[(&str, Change)] = &[
        ("expired", |it| it.not_after = NOW - Duration::SECOND),
        ("not-yet-valid", |it| it.not_before = NOW + Duration::SECOND),
        ("wrong-extended-key-usage", |it| {
            it.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        }),
        ("unknown-critical-extension", |it| {
            let mut extension = rcgen::CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
            extension.set_criticality(true);
            it.custom_extensions.push(extension);
        }),
    ];
    for (code, change) in cases {
        for (of_ca, of_leaf, named) in [
            (*change, usual as Change, "CN=issuing"),
            (usual as Change, *change, "CN=alice"),
        ] {
            let issuing = root.issuing("issuing").with(of_ca);
            let leaf = issuing.sign(&with(client("alice"), of_leaf));
            let verifier = clients(anchors(&root)).build();
            let refused = verifier.verify(&leaf, &[issuing.der().clone()], at(NOW));
            let refused = refused.unwrap_err();
            assert_eq!(refused.code(), *code);
            assert!(refused.to_string().contains(named), "{refused}");
        }
    }
}

#[test]
fn the_certificate_at_fault_is_found_beside_one_that_is_at_the_limit() {
    let root = root_ca("root");
    type Change = fn(&mut CertificateParams);
    let cases: &[(&str, Change, Change)] = &[
        (
            "expired",
            |ca| ca.not_after = NOW - Duration::SECOND,
            |leaf| leaf.not_after = NOW,
        ),
        (
            "not-yet-valid",
            |ca| ca.not_before = NOW + Duration::SECOND,
            |leaf| leaf.not_before = NOW,
        ),
        (
            "validity",
            |ca| (ca.not_before, ca.not_after) = (NOW, NOW - Duration::SECOND),
            |leaf| (leaf.not_before, leaf.not_after) = (NOW, NOW),
        ),
    ];
    for (code, of_ca, of_leaf) in cases {
        let issuing = root.issuing("issuing").with(of_ca);
        let leaf = issuing.sign(&with(client("alice"), of_leaf));
        let verifier = clients(anchors(&root)).build();
        let refused = verifier.verify(&leaf, &[issuing.der().clone()], at(NOW));
        let refused = refused.unwrap_err();
        assert_eq!(refused.code(), *code);
        assert!(refused.to_string().contains("CN=issuing"), "{refused}");
    }
}

/// A CA that leads nowhere for two reasons, by one certificate each.
#[test]
fn a_signature_that_is_not_accepted_is_that_of_its_certificate() {
    let root = root_ca("root");
    let issuing = root.issuing("issuing");
    let weak = with_algorithm(
        issuing.der(),
        &tlv(0x06, [0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 1]),
    );
    let critical = issuing
        .clone()
        .with(|ca| ca.custom_extensions.push(custom(99, true, vec![5, 0])));
    let leaf = issuing.sign(&client("alice"));
    let presented = [weak.into(), critical.der().clone()];
    let refused = clients(anchors(&root))
        .build()
        .verify(&leaf, &presented, at(NOW));
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), "weak-signature");
    assert!(refused.to_string().contains("CN=issuing"), "{refused}");
    // Of an issuer that is not known, nothing else is said.
    let leaf = with_algorithm(&leaf, &tlv(0x06, [0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 1]));
    for (presented, expected) in [
        (vec![], "unknown-issuer"),
        (vec![issuing.der().clone()], "weak-signature"),
    ] {
        let leaf = leaf.as_slice().into();
        let refused = clients(anchors(&root))
            .build()
            .verify(&leaf, &presented, at(NOW));
        assert_eq!(verdict(&refused), expected);
    }
}

#[test]
fn who_has_no_name_is_called_something_else() {
    let nameless = |params| {
        with(params, |it: &mut CertificateParams| {
            it.distinguished_name = rcgen::DistinguishedName::new();
        })
    };
    let root = root_ca("root");
    let say = |leaf: &CertificateParams, issuer: &Ca| {
        let leaf = issuer.sign(leaf);
        let refused = clients(anchors(&root)).build().verify(&leaf, &[], at(NOW));
        refused.unwrap_err().to_string()
    };
    let expired = |params| {
        with(params, |it: &mut CertificateParams| {
            it.not_after = NOW - Duration::SECOND
        })
    };
    let named = with(nameless(client("alice")), |leaf| {
        leaf.subject_alt_names = vec![dns("alice.test")];
    });
    let numbered = with(nameless(client("alice")), |leaf| {
        leaf.serial_number = Some(0x4Au64.into());
    });
    for (leaf, subject) in [
        (client("alice"), "CN=alice expired"),
        (named, "alice.test expired"),
        (numbered, "the certificate with serial 4A expired"),
    ] {
        let said = say(&expired(leaf), &root);
        assert!(said.starts_with(subject), "{said}");
    }
    let said = say(&client("alice"), &root_ca(""));
    assert!(said.contains("a CA without a name"), "{said}");
    // 2.25 and a UUID, which there is no room for.
    let usage = tlv(0x06, [&[0x69, 0x83][..], &[0xFF; 17], &[0x7F]].concat());
    let for_nothing = with(client("alice"), |leaf| {
        leaf.extended_key_usages.clear();
        leaf.custom_extensions = vec![custom(37, false, tlv(0x30, usage))];
    });
    let said = say(&for_nothing, &root);
    assert!(said.starts_with("CN=alice is for nothing only"), "{said}");
}

#[test]
fn a_reason_is_read_as_it_is_written() {
    use pki_core::verify::RevocationReason as Reason;
    for reason in [
        Reason::Unspecified,
        Reason::KeyCompromise,
        Reason::CertificateHold,
        Reason::RemoveFromCrl,
    ] {
        assert_eq!(reason.to_string().parse::<Reason>().ok(), Some(reason));
    }
    assert!("boredom".parse::<Reason>().is_err());
}
