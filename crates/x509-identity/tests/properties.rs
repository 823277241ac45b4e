//! Round trips of names, and input of every kind without a panic.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::hash::{DefaultHasher, Hash, Hasher};

use proptest::prelude::*;
use proptest::sample::{Index, select};
use support::{Parts, extension, name, oid, sequence, tlv};
use x509_identity::{Attribute, Certificate, DistinguishedName, ObjectIdentifier, ParseError, Rdn};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_name_comes_back_from_its_text(name in any_name()) {
        let text = name.to_string();
        prop_assert!(!text.chars().any(char::is_control));
        let read: DistinguishedName = text.parse().unwrap();
        prop_assert_eq!(&read, &name);
        prop_assert_eq!(hash(&read), hash(&name));
        prop_assert_eq!(read.to_string(), text);
    }

    #[test]
    fn a_name_comes_back_from_its_der(name in any_name()) {
        let read = DistinguishedName::from_der(&name.to_der()).unwrap();
        prop_assert_eq!(&read, &name);
        prop_assert_eq!(hash(&read), hash(&name));
        prop_assert_eq!(read.to_der(), name.to_der());
    }

    #[test]
    fn der_comes_back_from_a_name_in_every_string_type(values in prop::collection::vec(any_value(), 0..5)) {
        let rdns: Vec<_> = values.into_iter().map(|value| [value]).collect();
        let rdns: Vec<_> = rdns.iter().map(|rdn| rdn.as_slice()).collect();
        let der = name(&rdns);
        let read = DistinguishedName::from_der(&der).unwrap();
        prop_assert_eq!(&read.to_der(), &der);
        prop_assert_eq!(read.to_string().parse::<DistinguishedName>().unwrap(), read);
    }

    #[test]
    fn texts_are_complete_or_unreadable_or_refused(text in ".{0,20}", tag in select(vec![0x0c, 0x13, 0x16, 0x1a])) {
        let der = name(&[&[("2.5.4.3", tlv(tag, &text))]]);
        match DistinguishedName::from_der(&der) {
            Ok(name) if text.is_ascii() || tag == 0x0c => {
                prop_assert_eq!(name.common_name(), Some(text.as_str()));
            }
            Ok(name) => prop_assert!(name.rdns()[0].attributes()[0].value().is_unreadable()),
            Err(error) => {
                let nul = matches!(error, ParseError::EmbeddedNul { .. });
                prop_assert!(nul && text.contains('\0'));
            }
        }
    }

    #[test]
    fn text_of_any_kind_is_a_name_or_an_error(text in text_near_names()) {
        if let Ok(name) = text.parse::<DistinguishedName>() {
            prop_assert_eq!(name.to_string().parse::<DistinguishedName>().unwrap(), name);
        }
    }

    #[test]
    fn octets_of_any_kind_are_a_certificate_or_an_error(octets in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Certificate::from_der(&octets);
        let _ = DistinguishedName::from_der(&octets);
    }

    #[test]
    fn damaged_certificates_do_not_panic(
        damage in prop::collection::vec((any::<Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<Index>()),
    ) {
        let mut der = full_certificate();
        for (index, octet) in damage {
            let index = index.index(der.len());
            der[index] = octet;
        }
        if let Some(cut) = cut {
            der.truncate(cut.index(der.len()));
        }
        if let Ok(certificate) = Certificate::from_der(&der) {
            // Whatever parses also prints, on one line, and keeps its parts.
            let shown = format!("{certificate:?} {:?} {}", certificate.sans(), certificate.serial());
            prop_assert!(!shown.contains(['\n', '\r']));
            prop_assert_eq!(certificate.der(), &der);
            prop_assert_eq!(
                &DistinguishedName::from_der(certificate.subject_der()).unwrap(),
                certificate.subject()
            );
            for name in [certificate.subject(), certificate.issuer()] {
                prop_assert_eq!(&name.to_string().parse::<DistinguishedName>().unwrap(), name);
            }
            let extensions = certificate.extensions().map(|extension| extension.value.len());
            prop_assert!(extensions.sum::<usize>() < der.len());
        }
    }

    #[test]
    fn extensions_with_any_value_do_not_panic(
        kind in select(vec!["2.5.29.14", "2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.31", "2.5.29.35", "2.5.29.37"]),
        outer in select(vec![0x03, 0x04, 0x30]),
        value in prop::collection::vec(tlv_like(), 0..6),
    ) {
        let _ = Certificate::from_der(&support::with_extension(kind, tlv(outer, value.concat())));
    }
}

/// Flipping each single bit of a certificate is few enough cases to try them all.
#[test]
fn no_single_bit_makes_parsing_panic() {
    let good = full_certificate();
    assert!(Certificate::from_der(&good).is_ok());
    for bit in 0..good.len() * 8 {
        let mut der = good.clone();
        der[bit / 8] ^= 1 << (bit % 8);
        if let Ok(certificate) = Certificate::from_der(&der) {
            let subject = certificate.subject();
            assert_eq!(
                &subject.to_string().parse::<DistinguishedName>().unwrap(),
                subject
            );
        }
    }
}

const TYPES: [&str; 8] = [
    "2.5.4.3",
    "2.5.4.6",
    "2.5.4.11",
    "0.9.2342.19200300.100.1.25",
    "1.2.840.113549.1.9.1",
    "2.5.4.5",
    "1.3.6.1.4.1.32473.1",
    "1.2.3.4294967295",
];

/// Text rich in what RFC 4514 escapes.
fn any_text() -> impl Strategy<Value = String> {
    let special = select(
        " #\"+,;<>\\=\n\r\t\u{1}\u{7f}\u{85}\u{2028}\u{202e}aÅ漢🦀"
            .chars()
            .collect::<Vec<_>>(),
    );
    let char = prop_oneof![special, any::<char>().prop_filter("no NUL", |c| *c != '\0')];
    prop::collection::vec(char, 0..12).prop_map(String::from_iter)
}

fn any_name() -> impl Strategy<Value = DistinguishedName> {
    let attribute = (select(TYPES.to_vec()), any_text())
        .prop_map(|(oid, text)| Attribute::new(ObjectIdentifier::new_unwrap(oid), text).unwrap());
    let rdn = prop::collection::vec(attribute, 1..4)
        .prop_filter_map("no attribute twice", |attributes| Rdn::new(attributes).ok());
    prop::collection::vec(rdn, 0..5).prop_map(|rdns| {
        rdns.into_iter()
            .fold(DistinguishedName::builder(), |name, rdn| name.rdn(rdn))
            .build()
            .unwrap()
    })
}

/// A type and an encoded value in any of the string types, or in none.
fn any_value() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    let value = prop_oneof![
        any_text().prop_map(|text| tlv(0x0c, text)),
        "[A-Za-z0-9 '()+,./:=?*&-]{0,12}".prop_map(|text| tlv(0x13, text)),
        "[\x01-\x7f]{0,12}".prop_map(|text| tlv(0x16, text)),
        "[0-9 ]{0,12}".prop_map(|text| tlv(0x12, text)),
        "[ -~]{0,12}".prop_map(|text| tlv(0x1a, text)),
        prop::collection::vec(1u8.., 0..12).prop_map(|octets| tlv(0x14, octets)),
        any_text().prop_map(|text| {
            tlv(
                0x1e,
                text.encode_utf16()
                    .flat_map(u16::to_be_bytes)
                    .collect::<Vec<_>>(),
            )
        }),
        any_text().prop_map(|text| {
            tlv(
                0x1c,
                text.chars()
                    .flat_map(|c| u32::from(c).to_be_bytes())
                    .collect::<Vec<_>>(),
            )
        }),
        (
            select(vec![0x02, 0x03, 0x04, 0x05, 0x1b, 0x30, 0x80]),
            prop::collection::vec(any::<u8>(), 0..200)
        )
            .prop_map(|(tag, octets)| tlv(tag, octets)),
    ];
    (select(TYPES.to_vec()), value)
}

fn text_near_names() -> impl Strategy<Value = String> {
    let piece = select(vec![
        "CN", "OU", "=", ",", "+", "\\", "#", " ", "0c01", "61", "é", "\\C3\\A9", "2.5.4.3", "a",
        ";", "\"", "\0",
    ]);
    prop_oneof![
        prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat()),
        ".{0,40}"
    ]
}

/// Elements whose lengths sometimes lie.
fn tlv_like() -> impl Strategy<Value = Vec<u8>> {
    let tag = select(vec![
        0x01, 0x02, 0x03, 0x04, 0x06, 0x30, 0x80, 0x82, 0x86, 0x87, 0x88, 0xa0, 0xa1, 0xa2, 0xa4,
    ]);
    let leaf = (tag.clone(), prop::collection::vec(any::<u8>(), 0..20))
        .prop_map(|(tag, octets)| tlv(tag, octets));
    let lie = prop::collection::vec(any::<u8>(), 0..4);
    prop_oneof![4 => leaf.clone(), 4 => (tag, leaf).prop_map(|(tag, inner)| tlv(tag, inner)), 1 => lie]
}

/// A certificate with everything in it that this crate looks into.
fn full_certificate() -> Vec<u8> {
    let names = tlv(
        0x30,
        [
            tlv(0x82, "a.example"),
            tlv(0x87, [1, 2, 3, 4]),
            tlv(0x86, "urn:x"),
        ]
        .concat(),
    );
    let rsa = sequence(&[&tlv(0x02, [0x7f; 64]), &tlv(0x02, [1, 0, 1])]);
    let rsa_algorithm = sequence(&[&oid("1.2.840.113549.1.1.1"), &[5, 0]]);
    let extensions = vec![
        extension("2.5.29.14", &[], tlv(0x04, [1; 20])),
        extension("2.5.29.15", &[1, 1, 0xff], tlv(0x03, [7, 0x80])),
        extension("2.5.29.17", &[], names),
        extension("2.5.29.19", &[1, 1, 0xff], tlv(0x30, [1, 1, 0xff, 2, 1, 3])),
        extension(
            "2.5.29.31",
            &[],
            tlv(0x30, tlv(0x30, tlv(0xa0, tlv(0xa0, tlv(0x86, "http://a"))))),
        ),
        extension("2.5.29.35", &[], tlv(0x30, tlv(0x80, [1; 20]))),
        extension("2.5.29.37", &[], tlv(0x30, oid("1.3.6.1.5.5.7.3.2"))),
    ];
    let subject = name(&[
        &[
            ("2.5.4.10", tlv(0x1e, [0, b'o'])),
            ("2.5.4.11", tlv(0x14, [0xe9])),
        ],
        &[("2.5.4.3", tlv(0x0c, "leaf"))],
    ]);
    let spki = sequence(&[&rsa_algorithm, &tlv(0x03, [vec![0], rsa].concat())]);
    Parts {
        subject,
        spki,
        extensions: Some(extensions),
        ..Parts::default()
    }
    .der()
}

fn hash(name: &DistinguishedName) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}
