//! What names may hold, and how they are read.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use support::{common_name, name, oid, sequence, tlv};
use x509_identity::{
    Attribute, AttributeValue, DistinguishedName, MAX_NAME_LEN, ObjectIdentifier, ParseError, Rdn,
    StringType,
};

const CN: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

#[test]
fn every_string_type_comes_through_exactly() {
    for (tag, octets, text, string_type) in [
        (
            0x0c,
            "Ådne 漢字 🦀".as_bytes(),
            "Ådne 漢字 🦀",
            StringType::Utf8,
        ),
        (
            0x13,
            b"Example (1), 2*&",
            "Example (1), 2*&",
            StringType::Printable,
        ),
        (0x16, b"a@b_c", "a@b_c", StringType::Ia5),
        (0x12, b"12 34", "12 34", StringType::Numeric),
        (0x1a, b"~visible!", "~visible!", StringType::Visible),
        (0x14, b"\xc5dne \xe9", "Ådne é", StringType::Teletex),
        (0x1e, b"\0A\0\xc5\xd8\x3e\xdd\x80", "AÅ🦀", StringType::Bmp),
        (
            0x1c,
            b"\0\0\0A\0\0\0\xc5\0\x01\xf9\x80",
            "AÅ🦀",
            StringType::Universal,
        ),
        (0x0c, b"", "", StringType::Utf8),
    ] {
        let der = common_name(tlv(tag, octets));
        let name = DistinguishedName::from_der(&der).unwrap();
        assert_eq!(name.common_name(), Some(text), "{string_type}");
        let [rdn] = name.rdns() else {
            unreachable!("one RDN was encoded")
        };
        let AttributeValue::Text {
            string_type: read, ..
        } = rdn.attributes()[0].value()
        else {
            unreachable!("{string_type} is text")
        };
        assert_eq!(*read, string_type);
        assert_eq!(
            name.to_der(),
            der,
            "{string_type} is written as it was read"
        );
        assert_eq!(
            name,
            DistinguishedName::builder()
                .common_name(text)
                .build()
                .unwrap()
        );
    }
}

#[test]
fn octets_that_are_not_the_declared_string_are_refused() {
    for (tag, octets, string_type) in [
        (0x0c, b"\xc5".as_slice(), StringType::Utf8),
        (0x0c, b"\xed\xa0\x80", StringType::Utf8),
        (0x0c, b"\xc0\x80", StringType::Utf8),
        (0x1e, b"\0A\0", StringType::Bmp),
        (0x1e, b"\xd8\x3e", StringType::Bmp),
        (0x1e, b"\xd8\x3e\0A", StringType::Bmp),
        (0x1e, b"\xdd\x80\xd8\x3e", StringType::Bmp),
        (0x1c, b"\0\0A", StringType::Universal),
        (0x1c, b"\0\0\xd8\0", StringType::Universal),
        (0x1c, b"\0\x11\0\0", StringType::Universal),
    ] {
        let error = DistinguishedName::from_der(&common_name(tlv(tag, octets))).unwrap_err();
        let expected = ParseError::StringEncoding {
            what: "CN",
            string_type,
        };
        assert_eq!(error, expected, "{octets:x?}");
    }
}

#[test]
fn ascii_is_read_in_every_string_type_and_what_else_is_in_a_type_of_ascii_is_kept_as_der() {
    for (tag, octets, text) in [
        (0x13, b"a@b".as_slice(), Some("a@b")),
        (0x13, b"device_17", Some("device_17")),
        (0x13, b"\xc5", None),
        (0x16, b"jan\xc3\xa9", None),
        (0x12, b"12a", Some("12a")),
        (0x1a, b"a\n", Some("a\n")),
        (0x1a, b"\xff", None),
    ] {
        let value = tlv(tag, octets);
        let name = DistinguishedName::from_der(&common_name(value.clone())).unwrap();
        assert_eq!(name.common_name(), text, "{octets:x?}");
        if text.is_none() {
            let kept = AttributeValue::Der(value.into());
            assert_eq!(*name.rdns()[0].attributes()[0].value(), kept);
        }
        // The octets and the printed form lead back to the same name.
        assert_eq!(name.to_der(), common_name(tlv(tag, octets)));
        assert_eq!(name.to_string().parse(), Ok(name));
    }
}

#[test]
fn a_text_is_well_typed_that_its_string_type_has_a_place_for() {
    for (string_type, text, is_well_typed) in [
        (StringType::Utf8, "漢字", true),
        (StringType::Bmp, "漢字", true),
        (StringType::Universal, "漢字", true),
        (StringType::Ia5, "a@b_c\n", true),
        (StringType::Ia5, "é", false),
        (StringType::Numeric, "12 34", true),
        (StringType::Numeric, "12a", false),
        (StringType::Printable, "aZ09 '()+,-./:=?*&", true),
        (StringType::Printable, "a@b", false),
        (StringType::Printable, "a_b", false),
        (StringType::Teletex, "\u{ff}", true),
        (StringType::Teletex, "\u{100}", false),
        (StringType::Visible, " a~", true),
        (StringType::Visible, "a\n", false),
        (StringType::Visible, "é", false),
    ] {
        let text = text.to_owned();
        let value = AttributeValue::Text { text, string_type };
        assert_eq!(value.is_well_typed(), is_well_typed, "{value:?}");
    }
    for (tag, is_well_typed) in [(0x03, true), (0x16, false)] {
        let value = AttributeValue::Der(tlv(tag, [0, 0xff]).into());
        assert_eq!(value.is_well_typed(), is_well_typed, "{tag:#x}");
    }
}

#[test]
fn a_nul_is_refused_in_every_string_type_and_in_text() {
    let nul = ParseError::EmbeddedNul { what: "CN" };
    for (tag, octets) in [
        (0x0c, b"good\0.evil".as_slice()),
        (0x13, b"good\0.evil"),
        (0x16, b"good\0.evil"),
        (0x16, b"g\xc3\xb6\0.evil"),
        (0x12, b"1\x002"),
        (0x1a, b"good\0.evil"),
        (0x14, b"good\0.evil"),
        (0x1e, b"\0g\0\0\0e"),
        (0x1c, b"\0\0\0g\0\0\0\0"),
        (0x0c, b"\0"),
    ] {
        let der = common_name(tlv(tag, octets));
        assert_eq!(
            DistinguishedName::from_der(&der).unwrap_err(),
            nul,
            "{tag:#x}"
        );
    }
    assert_eq!(
        DistinguishedName::builder()
            .common_name("a\0b")
            .build()
            .unwrap_err(),
        nul
    );
    assert_eq!(r"CN=a\00b".parse::<DistinguishedName>().unwrap_err(), nul);
    assert_eq!("CN=#0c0100".parse::<DistinguishedName>().unwrap_err(), nul);
    assert_eq!(Attribute::new(CN, "a\0b").unwrap_err(), nul);
}

#[test]
fn values_that_are_no_strings_are_kept_whole() {
    let bits = tlv(0x03, [0, 0, 0xff]);
    let der = name(&[
        &[("2.5.4.45", bits.clone())],
        &[("2.5.4.3", tlv(0x1b, "general"))],
    ]);
    let name = DistinguishedName::from_der(&der).unwrap();
    assert_eq!(
        name.common_name(),
        None,
        "a GeneralString is not guessed at"
    );
    assert_eq!(
        name.rdns()[0].attributes()[0].value(),
        &AttributeValue::Der(bits.into())
    );
    assert_eq!(
        name.to_string(),
        "CN=#1b0767656e6572616c,2.5.4.45=#03030000ff"
    );
    assert_eq!(name.to_der(), der);
    assert_eq!(name.to_string().parse::<DistinguishedName>().unwrap(), name);
}

#[test]
fn structure_is_kept_rdn_by_rdn() {
    let der = name(&[
        &[("2.5.4.6", tlv(0x13, "US"))],
        &[
            ("2.5.4.11", tlv(0x0c, "Ops")),
            ("2.5.4.11", tlv(0x0c, "Sales")),
        ],
        &[("2.5.4.3", tlv(0x0c, "Users"))],
        &[("2.5.4.3", tlv(0x0c, "John"))],
    ]);
    let name = DistinguishedName::from_der(&der).unwrap();
    assert_eq!(
        name.rdns()
            .iter()
            .map(|rdn| rdn.attributes().len())
            .collect::<Vec<_>>(),
        [1, 2, 1, 1]
    );
    assert_eq!(name.to_string(), "CN=John,CN=Users,OU=Ops+OU=Sales,C=US");
    assert_eq!(name.common_name(), Some("John"), "the most specific one");
    assert_eq!(name.texts(CN).collect::<Vec<_>>(), ["Users", "John"]);
    assert_eq!(
        name.organizational_units().collect::<Vec<_>>(),
        ["Ops", "Sales"]
    );
    assert_eq!(name.organization(), None);
    assert_eq!(name.country(), Some("US"));
    assert_eq!(name.to_der(), der);
}

#[test]
fn an_rdn_is_a_set() {
    let sorted: DistinguishedName = "OU=Sales+CN=J".parse().unwrap();
    let reversed: DistinguishedName = "CN=J+OU=Sales".parse().unwrap();
    assert_eq!(sorted, reversed);
    assert_eq!(sorted.to_der(), reversed.to_der(), "DER sorts sets");
    let separate: DistinguishedName = "OU=Sales,CN=J".parse().unwrap();
    assert_ne!(sorted, separate);
    assert_ne!(
        separate,
        "CN=J,OU=Sales".parse().unwrap(),
        "the sequence around it has an order"
    );
    assert_ne!(sorted, "OU=Sales+CN=j".parse().unwrap());

    let [rdn] = sorted.rdns() else {
        unreachable!("one RDN was written")
    };
    let built = DistinguishedName::builder().rdn(rdn.clone()).build();
    assert_eq!(built.unwrap(), sorted);

    let twice = "CN=J+CN=J".parse::<DistinguishedName>().unwrap_err();
    assert_eq!(twice, ParseError::DuplicateAttribute(CN));
    let empty = ParseError::Empty {
        what: "relative distinguished name",
    };
    assert_eq!(Rdn::new(vec![]).unwrap_err(), empty);
    assert_eq!(
        DistinguishedName::from_der(&[0x30, 2, 0x31, 0]).unwrap_err(),
        empty
    );
}

#[test]
fn encoding_follows_rfc_5280() {
    let name = DistinguishedName::builder()
        .country("NO")
        .domain_component("example")
        .serial_number("42")
        .email_address("a@example.org")
        .user_id("u")
        .common_name("Ådne")
        .build()
        .unwrap();
    let der = support::name(&[
        &[("2.5.4.6", tlv(0x13, "NO"))],
        &[("0.9.2342.19200300.100.1.25", tlv(0x16, "example"))],
        &[("2.5.4.5", tlv(0x13, "42"))],
        &[("1.2.840.113549.1.9.1", tlv(0x16, "a@example.org"))],
        &[("0.9.2342.19200300.100.1.1", tlv(0x0c, "u"))],
        &[("2.5.4.3", tlv(0x0c, "Ådne"))],
    ]);
    assert_eq!(name.to_der(), der);

    let unfit = DistinguishedName::builder()
        .country("Ø")
        .email_address("ø@x")
        .build()
        .unwrap();
    let utf8 = support::name(&[
        &[("2.5.4.6", tlv(0x0c, "Ø"))],
        &[("1.2.840.113549.1.9.1", tlv(0x0c, "ø@x"))],
    ]);
    assert_eq!(
        unfit.to_der(),
        utf8,
        "what the preferred type cannot hold becomes UTF8String"
    );
}

#[test]
fn malformed_names_are_refused() {
    let good = common_name(tlv(0x0c, "x"));
    assert!(DistinguishedName::from_der(&good).is_ok());
    for cut in 0..good.len() {
        assert!(
            DistinguishedName::from_der(&good[..cut]).is_err(),
            "cut at {cut}"
        );
    }
    let trailing = [good.as_slice(), &[0]].concat();
    let error = DistinguishedName::from_der(&trailing).unwrap_err();
    assert_eq!(error, ParseError::TrailingData { what: "name" });
    for bad in [
        tlv(0x31, tlv(0x31, [])),
        tlv(0x30, sequence(&[&oid("2.5.4.3"), &tlv(0x0c, "x")])),
        tlv(0x30, tlv(0x31, sequence(&[&oid("2.5.4.3")]))),
        tlv(
            0x30,
            tlv(
                0x31,
                sequence(&[&oid("2.5.4.3"), &tlv(0x0c, "x"), &tlv(0x0c, "y")]),
            ),
        ),
        tlv(
            0x30,
            tlv(
                0x31,
                sequence(&[&tlv(0x06, [0x55, 0x80, 4, 3]), &tlv(0x0c, "x")]),
            ),
        ),
        tlv(
            0x30,
            tlv(0x31, sequence(&[&tlv(0x06, [0x55, 0x84]), &tlv(0x0c, "x")])),
        ),
        tlv(
            0x30,
            tlv(0x31, sequence(&[&tlv(0x06, []), &tlv(0x0c, "x")])),
        ),
        vec![0x30, 0x80, 0, 0],
        vec![0x30, 0x81, 0],
    ] {
        assert!(DistinguishedName::from_der(&bad).is_err(), "{bad:x?}");
    }
    assert!(DistinguishedName::from_der(&[0x30, 0]).unwrap().is_empty());
}

#[test]
fn names_have_a_largest_size() {
    let fits = "x".repeat(MAX_NAME_LEN);
    assert!(
        DistinguishedName::builder()
            .common_name(&fits)
            .build()
            .is_ok()
    );
    let builder = DistinguishedName::builder().common_name(&fits).country("N");
    assert!(matches!(builder.build(), Err(ParseError::TooLong { .. })));
    let text = format!("CN={fits}x");
    assert!(matches!(
        text.parse::<DistinguishedName>(),
        Err(ParseError::TooLong { .. })
    ));
    let frame = common_name(tlv(0x0c, "x".repeat(60_000))).len() - 60_000;
    for (more, read) in [(0, true), (1, false)] {
        let der = common_name(tlv(0x0c, "x".repeat(MAX_NAME_LEN - frame + more)));
        assert_eq!(der.len(), MAX_NAME_LEN + more);
        assert_eq!(DistinguishedName::from_der(&der).is_ok(), read);
        // Spaces before a type are no part of the name.
        let text = " ".repeat(4 * MAX_NAME_LEN - 4 + more) + "CN=x";
        assert_eq!(text.parse::<DistinguishedName>().is_ok(), read);
    }

    let wide = |count: u32| {
        (0..count)
            .map(|n| format!("CN={n}"))
            .collect::<Vec<_>>()
            .join("+")
    };
    assert!(wide(64).parse::<DistinguishedName>().is_ok());
    let error = wide(65).parse::<DistinguishedName>().unwrap_err();
    assert!(matches!(error, ParseError::TooMany { limit: 64, .. }));
}
