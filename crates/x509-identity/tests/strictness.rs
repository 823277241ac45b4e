//! Where parsing says no, and the nearest case in which it says yes.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use support::{Parts, common_name, extension, oid, sequence, tlv, with_extension, with_sans};
use test_pki::der::content;
use x509_identity::{
    BasicConstraints, Certificate, MAX_CERTIFICATE_LEN, ObjectIdentifier, ParseError,
    SubjectAltName,
};

#[test]
fn text_names_hold_neither_nul_nor_controls_nor_more_than_ascii() {
    for (tag, what, good) in [
        (0x81, "rfc822Name", "a@example.org"),
        (0x82, "dNSName", "*.example.org"),
        (
            0x86,
            "uniformResourceIdentifier",
            "https://example.org/?q=%00",
        ),
    ] {
        let certificate = Certificate::from_der(&with_sans(&[tlv(tag, good)])).unwrap();
        assert_eq!(certificate.sans()[0].to_string(), good);
        for (bad, error) in [
            ("a.org\0.evil", ParseError::EmbeddedNul { what }),
            ("a.org\nb", ParseError::ControlCharacter { what, code: 10 }),
            (
                "a.org\x7f",
                ParseError::ControlCharacter { what, code: 127 },
            ),
        ] {
            assert_eq!(refusal(&with_sans(&[tlv(tag, good), tlv(tag, bad)])), error);
        }
    }
}

#[test]
fn a_text_name_that_is_empty_or_beyond_ascii_is_kept_unread_beside_the_others() {
    for (tag, kind) in [(0x81, "email"), (0x82, "dns"), (0x86, "uri")] {
        for unread in ["", "å.org"] {
            let bad = tlv(tag, unread);
            let names = [bad.clone(), tlv(0x82, "good.example")];
            let certificate = Certificate::from_der(&with_sans(&names)).unwrap();
            let good = SubjectAltName::Dns("good.example".to_owned());
            let bad = SubjectAltName::Unreadable { kind, der: bad };
            assert_eq!(bad.kind(), kind);
            assert_eq!(certificate.sans(), [bad, good]);
        }
    }
}

#[test]
fn nothing_in_the_names_of_a_trust_anchor_keeps_it_from_being_read() {
    let unreadable = [
        with_sans(&[tlv(0x82, "a\0b")]),
        with_sans(&[tlv(0x87, [1; 5])]),
        with_sans(&[]),
        Parts {
            subject: common_name(tlv(0x0c, "a\0b")),
            ..Parts::default()
        }
        .der(),
        Parts {
            subject: common_name(tlv(0x0c, [0xff])),
            ..Parts::default()
        }
        .der(),
    ];
    for der in unreadable {
        assert!(Certificate::from_der(&der).is_err());
        let anchor = Certificate::trust_anchor_from_der(&der).unwrap();
        assert_eq!(anchor.der(), der);
        let is_text = |text: &str| text == "leaf";
        assert!(anchor.subject().common_name().is_none_or(is_text));
    }
    let cut = with_sans(&[tlv(0x82, "a")]);
    assert!(Certificate::trust_anchor_from_der(&cut[..cut.len() - 1]).is_err());
}

#[test]
fn ip_addresses_have_4_or_16_octets() {
    for len in 0..=33 {
        let result = Certificate::from_der(&with_sans(&[tlv(0x87, vec![1; len])]));
        match len {
            4 => assert_eq!(result.unwrap().sans()[0].to_string(), "1.1.1.1"),
            16 => assert_eq!(
                result.unwrap().sans()[0].to_string(),
                "101:101:101:101:101:101:101:101"
            ),
            _ => assert_eq!(result.unwrap_err(), ParseError::IpAddressLength(len)),
        }
    }
}

#[test]
fn names_of_the_rarer_kinds_are_kept_whole() {
    let upn = tlv(0x0c, "alice@corp");
    let registered = ObjectIdentifier::new_unwrap("1.2.3.4");
    let names = [
        tlv(
            0xa0,
            [oid("1.3.6.1.4.1.311.20.2.3"), tlv(0xa0, &upn)].concat(),
        ),
        tlv(0xa3, tlv(0x30, [])),
        tlv(0xa4, common_name(tlv(0x0c, "a,b"))),
        tlv(0xa5, tlv(0xa1, tlv(0x0c, "party"))),
        tlv(0x88, registered.as_bytes()),
    ];
    let certificate = Certificate::from_der(&with_sans(&names)).unwrap();
    let shown: Vec<_> = certificate
        .sans()
        .iter()
        .map(|san| format!("{} {san}", san.kind()))
        .collect();
    assert_eq!(
        shown,
        [
            "other-name 1.3.6.1.4.1.311.20.2.3=#0c0a616c69636540636f7270",
            "x400-address #a3023000",
            r"directory-name CN=a\,b",
            "edi-party-name #a509a1070c057061727479",
            "registered-id 1.2.3.4",
        ]
    );
    let SubjectAltName::Other { der, .. } = &certificate.sans()[0] else {
        unreachable!()
    };
    assert_eq!(*der, upn);

    let nul = tlv(0xa4, common_name(tlv(0x0c, "a\0b")));
    assert_eq!(
        refusal(&with_sans(&[nul])),
        ParseError::EmbeddedNul { what: "CN" }
    );
    for bad in [
        tlv(0xa2, "constructed"),
        tlv(0x89, "x"),
        tlv(0xa0, oid("1.2.3")),
        tlv(0x88, []),
    ] {
        assert!(Certificate::from_der(&with_sans(&[bad])).is_err());
    }
    assert_eq!(
        refusal(&with_sans(&[])),
        ParseError::Empty {
            what: "subjectAltName"
        }
    );
}

#[test]
fn an_extension_appears_once_and_not_before_version_3() {
    let eku = extension("2.5.29.37", &[], sequence(&[&oid("1.3.6.1.5.5.7.3.2")]));
    let unknown = extension("1.2.3.4", &[1, 1, 0xff], "not DER");
    let parts = |version: &[u8], list: Vec<Vec<u8>>| {
        let extensions = Some(list);
        Parts {
            version: version.into(),
            extensions,
            ..Parts::default()
        }
        .der()
    };
    let v3 = tlv(0xa0, tlv(0x02, [2]));
    let certificate =
        Certificate::from_der(&parts(&v3, vec![eku.clone(), unknown.clone()])).unwrap();
    assert_eq!(certificate.critical_extensions().count(), 1);
    for twice in [&eku, &unknown] {
        let error = refusal(&parts(
            &v3,
            vec![eku.clone(), unknown.clone(), twice.clone()],
        ));
        assert!(matches!(error, ParseError::DuplicateExtension(_)));
    }
    assert_eq!(
        refusal(&parts(&[], vec![eku.clone()])),
        ParseError::ExtensionsBeforeV3(1)
    );
    let v2 = tlv(0xa0, tlv(0x02, [1]));
    assert_eq!(
        refusal(&parts(&v2, vec![eku])),
        ParseError::ExtensionsBeforeV3(2)
    );
    assert_eq!(
        refusal(&parts(&v3, vec![])),
        ParseError::Empty { what: "extensions" }
    );
}

#[test]
fn a_certificate_has_at_most_64_extensions_of_whatever_types() {
    let named = |n: u8| extension(&format!("1.2.3.{n}"), &[], "");
    // 2.999.n, which is more than `ObjectIdentifier` takes.
    let nameless = |n: u8| sequence(&[&tlv(0x06, [0x88, 0x37, n]), &tlv(0x04, "")]);
    let too_many = ParseError::TooMany {
        what: "extensions",
        limit: 64,
    };
    for (names, others) in [(64, 0), (0, 64), (32, 32)] {
        let mut extensions: Vec<_> = (0..names).map(named).collect();
        extensions.extend((0..others).map(nameless));
        let parts = |extensions| Parts {
            extensions: Some(extensions),
            ..Parts::default()
        };
        let certificate = Certificate::from_der(&parts(extensions.clone()).der()).unwrap();
        assert_eq!(certificate.extensions().count(), usize::from(names));
        for one_more in [named(64), nameless(64)] {
            let extensions = [extensions.clone(), vec![one_more]].concat();
            assert_eq!(refusal(&parts(extensions).der()), too_many, "{names}");
        }
    }
}

#[test]
fn basic_constraints_are_read_exactly() {
    let (yes, no) = ([1, 1, 0xff], [1, 1, 0]);
    for (content, read) in [
        (vec![], Some((false, None))),
        (yes.to_vec(), Some((true, None))),
        (no.to_vec(), Some((false, None))),
        ([&yes[..], &[2, 1, 0]].concat(), Some((true, Some(0)))),
        ([&yes[..], &[2, 2, 1, 0]].concat(), Some((true, Some(256)))),
        ([&yes[..], &[2, 1, 0xff]].concat(), None),
        ([&yes[..], &[2, 2, 0, 1]].concat(), None),
        ([&yes[..], &[2, 1, 0], &[2, 1, 0]].concat(), None),
        (vec![1, 1, 1], None),
    ] {
        let der = with_extension("2.5.29.19", tlv(0x30, &content));
        let read = read.map(|(ca, path_len)| BasicConstraints { ca, path_len });
        let result = Certificate::from_der(&der).ok();
        assert_eq!(
            result.and_then(|certificate| certificate.basic_constraints()),
            read,
            "{content:x?}"
        );
    }
}

#[test]
fn known_extensions_are_well_formed_to_their_end() {
    for (kind, good) in [
        ("2.5.29.14", tlv(0x04, "id")),
        ("2.5.29.15", tlv(0x03, [7, 0x80])),
        ("2.5.29.17", tlv(0x30, tlv(0x82, "a"))),
        ("2.5.29.19", tlv(0x30, [])),
        (
            "2.5.29.31",
            tlv(0x30, tlv(0x30, tlv(0xa0, tlv(0xa0, tlv(0x86, "http://a"))))),
        ),
        (
            "2.5.29.35",
            tlv(
                0x30,
                [tlv(0x80, "id"), tlv(0xa1, []), tlv(0x82, [1])].concat(),
            ),
        ),
        ("2.5.29.37", tlv(0x30, oid("1.2.3"))),
    ] {
        assert!(
            Certificate::from_der(&with_extension(kind, &good)).is_ok(),
            "{kind}"
        );
        let trailing = [good.as_slice(), &[5, 0]].concat();
        assert!(
            Certificate::from_der(&with_extension(kind, trailing)).is_err(),
            "{kind}"
        );
        for cut in 0..good.len() {
            assert!(
                Certificate::from_der(&with_extension(kind, &good[..cut])).is_err(),
                "{kind}"
            );
        }
    }
    assert_eq!(
        refusal(&with_extension("2.5.29.37", [0x30, 0])),
        ParseError::Empty {
            what: "extKeyUsage"
        }
    );
}

#[test]
fn the_subject_can_be_told_of_what_cannot_be_read() {
    let bad = with_extension("2.5.29.19", [0x04]);
    assert!(Certificate::from_der(&bad).is_err());
    let good = Certificate::from_der(&Parts::default().der()).unwrap();
    let told = |der: &[u8]| Certificate::subject_of_unreadable(der);
    assert_eq!(told(&bad).as_ref(), Some(good.subject()));
    assert_eq!(told(good.der()).as_ref(), Some(good.subject()));
    assert_eq!(told(&[&*bad, b"x"].concat()).as_ref(), Some(good.subject()));
    for cut in 0..bad.len() {
        assert_eq!(told(&bad[..cut]), None, "{cut}");
    }
    assert_eq!(told(&vec![0x30; MAX_CERTIFICATE_LEN + 1]), None);
    // What no log should have.
    let unfit = Parts {
        subject: common_name(tlv(0x0c, "a\0b")),
        ..Parts::default()
    };
    assert_eq!(told(&unfit.der()), None);
}

#[test]
fn distribution_points_give_their_uris_only() {
    let point = |name: Vec<u8>| tlv(0x30, tlv(0xa0, name));
    let full = tlv(
        0xa0,
        [
            tlv(0x86, "http://a"),
            tlv(0xa4, common_name(tlv(0x0c, "x"))),
            tlv(0x86, "ldap://b"),
        ]
        .concat(),
    );
    let relative = tlv(0xa1, sequence(&[&oid("2.5.4.3"), &tlv(0x0c, "x")]));
    let issuer_only = tlv(0x30, tlv(0xa2, tlv(0xa4, common_name(tlv(0x0c, "x")))));
    let points = tlv(0x30, [point(full), point(relative), issuer_only].concat());
    let certificate = Certificate::from_der(&with_extension("2.5.29.31", points)).unwrap();
    assert_eq!(
        certificate.crl_distribution_points(),
        ["http://a", "ldap://b"]
    );

    let unread = ["", "http://pki.example/Pr\u{fc}f.crl", "http://a\0b"];
    let unread = unread.map(|uri| point(tlv(0xa0, tlv(0x86, uri)))).concat();
    let points = tlv(0x30, unread);
    let certificate = Certificate::from_der(&with_extension("2.5.29.31", points)).unwrap();
    assert!(certificate.crl_distribution_points().is_empty());
}

#[test]
fn the_signed_algorithm_is_the_one_beside_the_signature() {
    let inner_algorithm = sequence(&[&oid("1.2.840.10045.4.3.3")]);
    let der = Parts {
        inner_algorithm,
        ..Parts::default()
    }
    .der();
    assert_eq!(refusal(&der), ParseError::SignatureAlgorithmMismatch);
}

#[test]
fn nothing_follows_the_end() {
    let good = Parts::default().der();
    assert!(Certificate::from_der(&good).is_ok());
    let error = refusal(&[good.as_slice(), &[0]].concat());
    assert_eq!(
        error,
        ParseError::TrailingData {
            what: "certificate"
        }
    );
    let inside = Parts {
        after_extensions: vec![5, 0],
        ..Parts::default()
    }
    .der();
    assert_eq!(
        refusal(&inside),
        ParseError::TrailingData {
            what: "tbsCertificate"
        }
    );
    for cut in 0..good.len() {
        assert!(Certificate::from_der(&good[..cut]).is_err(), "cut at {cut}");
    }
}

#[test]
fn nothing_follows_the_end_of_any_part() {
    let of_parts = |parts: Parts| parts.der();
    let time = |year: &str| tlv(0x17, format!("{year}0101000000Z"));
    let uri = tlv(0xa0, tlv(0x86, "http://x/crl"));
    let (modulus, exponent) = (
        tlv(0x02, [[0x00, 0xc1].as_slice(), &[1; 255]].concat()),
        tlv(0x02, [3]),
    );
    let rsa = sequence(&[&oid("1.2.840.113549.1.1.1"), &[5, 0]]);
    let key = tlv(0x03, [&[0][..], &sequence(&[&modulus, &exponent])].concat());
    type Made<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;
    let cases: &[(&str, Made<'_>)] = &[
        ("signature", &|more| {
            let whole = Parts::default().der();
            sequence(&[content(&whole), more])
        }),
        ("validity", &|more| {
            let validity = sequence(&[&time("26"), &time("27"), more]);
            of_parts(Parts {
                validity,
                ..Parts::default()
            })
        }),
        ("key", &|more| {
            let spki = sequence(&[&rsa, &key, more]);
            of_parts(Parts {
                spki,
                ..Parts::default()
            })
        }),
        ("RSA key", &|more| {
            let key = tlv(
                0x03,
                [&[0][..], &sequence(&[&modulus, &exponent, more])].concat(),
            );
            let spki = sequence(&[&rsa, &key]);
            of_parts(Parts {
                spki,
                ..Parts::default()
            })
        }),
        ("extension", &|more| {
            let extension = sequence(&[&oid("1.2.3.4"), &tlv(0x04, [5, 0]), more]);
            of_parts(Parts {
                extensions: Some(vec![extension]),
                ..Parts::default()
            })
        }),
        ("basicConstraints", &|more| {
            with_extension(
                "2.5.29.19",
                sequence(&[&tlv(0x01, [0xff]), &tlv(0x02, [1]), more]),
            )
        }),
        ("authorityKeyIdentifier", &|more| {
            with_extension("2.5.29.35", sequence(&[&tlv(0x80, [7; 20]), more]))
        }),
        ("name of a distribution point", &|more| {
            let point = sequence(&[&tlv(0xa0, [&uri, more].concat())]);
            with_extension("2.5.29.31", sequence(&[&point]))
        }),
        ("distribution point", &|more| {
            let reasons = tlv(0x81, [6, 0x40]);
            let issuer = tlv(0xa2, tlv(0xa4, common_name(tlv(0x0c, "ca"))));
            let point = sequence(&[&tlv(0xa0, &uri), &reasons, &issuer, more]);
            with_extension("2.5.29.31", sequence(&[&point]))
        }),
        ("otherName", &|more| {
            let name = [oid("1.2.3.4"), tlv(0xa0, [5, 0]), more.to_vec()].concat();
            with_sans(&[tlv(0xa0, name)])
        }),
    ];
    for (what, made) in cases {
        let read = Certificate::from_der(&made(&[]));
        assert!(read.is_ok(), "{what}: {read:?}");
        let read = Certificate::from_der(&made(&[5, 0]));
        assert!(read.is_err(), "{what}");
    }
}

#[test]
fn certificates_have_a_largest_size() {
    let filled = |len| with_extension("1.2.3.4", vec![0; len]);
    let frame = filled(60_000).len() - 60_000;
    let largest = filled(MAX_CERTIFICATE_LEN - frame);
    let too_large = filled(MAX_CERTIFICATE_LEN - frame + 1);
    assert!(Certificate::from_der(&largest).is_ok());
    assert!(Certificate::subject_of_unreadable(&largest).is_some());
    assert!(Certificate::subject_of_unreadable(&too_large).is_none());
    let error = refusal(&too_large);
    assert!(matches!(
        error,
        ParseError::TooLong {
            limit: MAX_CERTIFICATE_LEN,
            ..
        }
    ));
}

fn refusal(der: &[u8]) -> ParseError {
    Certificate::from_der(der).unwrap_err()
}

#[test]
fn extension_type_that_cannot_be_represented_is_passed_over_unless_critical() {
    // 2.999.1, and 2.25 with a UUID of 128 bits: legal, and more than `ObjectIdentifier` takes.
    let example = tlv(0x06, [0x88, 0x37, 1]);
    let uuid = tlv(0x06, [&[0x69][..], &[0xff; 18], &[1]].concat());
    let not_minimal = tlv(0x06, [0x80, 0x88, 0x37]);
    let with = |extensions: Vec<Vec<u8>>| {
        let extensions = Some(extensions);
        Certificate::from_der(
            &Parts {
                extensions,
                ..Parts::default()
            }
            .der(),
        )
    };
    let custom = |oid: &[u8], critical: &[u8]| sequence(&[oid, critical, &tlv(0x04, [5, 0])]);
    let critical = tlv(0x01, [0xff]);
    for oid in [&example, &uuid] {
        let certificate = with(vec![custom(oid, &[])]).unwrap();
        assert_eq!(certificate.extensions().count(), 0);
        assert!(with(vec![custom(oid, &critical)]).is_err());
        let twice = ParseError::TooMany {
            what: "extensions of one type",
            limit: 1,
        };
        let refused = with(vec![custom(oid, &[]), custom(oid, &[])]).unwrap_err();
        assert_eq!(refused, twice);
    }
    assert!(with(vec![custom(&not_minimal, &[])]).is_err());

    let usages = |oids: &[&[u8]]| with_extension("2.5.29.37", sequence(oids));
    let client = oid("1.3.6.1.5.5.7.3.2");
    let certificate = Certificate::from_der(&usages(&[&uuid, &client])).unwrap();
    assert_eq!(certificate.extended_key_usage().map(<[_]>::len), Some(1));
    let certificate = Certificate::from_der(&usages(&[&example])).unwrap();
    assert_eq!(certificate.extended_key_usage().map(<[_]>::len), Some(0));
    assert!(Certificate::from_der(&usages(&[])).is_err());
}
