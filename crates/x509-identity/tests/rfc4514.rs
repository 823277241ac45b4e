//! Names as text: RFC 4514, and what a log line must not let through.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use support::{common_name, tlv};
use x509_identity::{DistinguishedName, ParseError};

/// RFC 4514 section 4, and the hexadecimal form of section 2.4.
#[test]
fn the_examples_of_the_rfc_are_read_and_written() {
    for (text, attributes) in [
        (
            "UID=jsmith,DC=example,DC=net",
            &["net", "example", "jsmith"][..],
        ),
        (
            "OU=Sales+CN=J.  Smith,DC=example,DC=net",
            &["net", "example", "Sales", "J.  Smith"],
        ),
        (
            r#"CN=James \"Jim\" Smith\, III,DC=example,DC=net"#,
            &["net", "example", r#"James "Jim" Smith, III"#],
        ),
        (
            r"CN=Before\0DAfter,DC=example,DC=net",
            &["net", "example", "Before\rAfter"],
        ),
        ("CN=Lučić", &["Lučić"]),
    ] {
        let name: DistinguishedName = text.parse().unwrap();
        let texts: Vec<_> = name
            .attributes()
            .map(|attribute| attribute.text().unwrap())
            .collect();
        assert_eq!(texts, attributes);
        assert_eq!(name.to_string(), text);
    }
    let escaped: DistinguishedName = r"CN=Lu\C4\8Di\C4\87".parse().unwrap();
    assert_eq!(escaped, "CN=Lučić".parse().unwrap());
    let binary: DistinguishedName = "1.3.6.1.4.1.1466.0=#04024869".parse().unwrap();
    assert_eq!(binary.to_string(), "1.3.6.1.4.1.1466.0=#04024869");
}

#[test]
fn names_are_equal_that_have_the_same_attributes_in_the_same_rdns() {
    for (one, other, same) in [
        ("CN=alice+OU=ops,O=x", "CN=alice+OU=ops,O=x", true),
        ("CN=alice+OU=ops,O=x", "OU=ops+CN=alice,O=x", true),
        ("CN=alice+OU=ops,O=x", "CN=alice,O=x", false),
        ("CN=alice+OU=ops,O=x", "OU=ops,O=x", false),
        ("CN=alice+OU=ops,O=x", "CN=alice+OU=dev,O=x", false),
        ("CN=alice,O=x", "O=x,CN=alice", false),
        ("CN=alice,O=x", "CN=Alice,O=x", false),
    ] {
        let one: DistinguishedName = one.parse().unwrap();
        let other: DistinguishedName = other.parse().unwrap();
        assert_eq!((one == other, other == one), (same, same), "{one} {other}");
    }
}

#[test]
fn special_characters_are_escaped_and_come_back() {
    for (text, escaped) in [
        (
            r#"Ådne "X", O=Évil\, Ltd+#=;"#,
            r#"Ådne \"X\"\, O=Évil\\\, Ltd\+#=\;"#,
        ),
        ("a,O=admin", r"a\,O=admin"),
        (" lead", r"\ lead"),
        ("trail ", r"trail\ "),
        (" ", r"\ "),
        ("  ", r"\ \ "),
        ("in  side", "in  side"),
        ("#1", r"\#1"),
        ("1#", "1#"),
        ("a<b>c", r"a\<b\>c"),
        ("a=b", "a=b"),
        ("line\r\nbreak", r"line\0D\0Abreak"),
        ("\u{1b}[31mred\u{7f}", r"\1B[31mred\7F"),
        ("\u{85}\u{2028}\u{202e}x", r"\C2\85\E2\80\A8\E2\80\AEx"),
        ("\u{61c}\u{200e}\u{200f}x", r"\D8\9C\E2\80\8E\E2\80\8Fx"),
        ("é 漢字 🦀", "é 漢字 🦀"),
        ("", ""),
    ] {
        let name = DistinguishedName::from_der(&common_name(tlv(0x0c, text))).unwrap();
        assert_eq!(name.to_string(), format!("CN={escaped}"));
        assert_eq!(name.to_string().parse::<DistinguishedName>().unwrap(), name);
        assert_eq!(name.common_name(), Some(text));
    }
}

#[test]
fn types_have_the_names_that_openssl_prints() {
    for (oid, short) in [
        ("2.5.4.3", "CN"),
        ("2.5.4.7", "L"),
        ("2.5.4.8", "ST"),
        ("2.5.4.10", "O"),
        ("2.5.4.11", "OU"),
        ("2.5.4.6", "C"),
        ("2.5.4.9", "STREET"),
        ("0.9.2342.19200300.100.1.25", "DC"),
        ("0.9.2342.19200300.100.1.1", "UID"),
        ("1.2.840.113549.1.9.1", "emailAddress"),
        ("2.5.4.5", "serialNumber"),
        ("2.5.4.12", "title"),
        ("2.5.4.42", "GN"),
        ("2.5.4.4", "SN"),
    ] {
        let der = support::name(&[&[(oid, tlv(0x0c, "x"))]]);
        let name = DistinguishedName::from_der(&der).unwrap();
        assert_eq!(name.to_string(), format!("{short}=x"));
        assert_eq!(
            name.to_string()
                .to_lowercase()
                .parse::<DistinguishedName>()
                .unwrap(),
            name
        );
        assert_eq!(
            format!("{oid}=x").parse::<DistinguishedName>().unwrap(),
            name
        );
    }
    let long: DistinguishedName = "commonName=a,organizationName=b".parse().unwrap();
    assert_eq!(long.to_string(), "CN=a,O=b");
}

#[test]
fn a_type_without_a_name_is_dotted_and_its_value_the_der_that_was_read() {
    for (tag, octets, hex) in [
        (0x13, "ab", "#13026162"),
        (0x0c, "ab", "#0c026162"),
        (0x1c, "\0\0\0a", "#1c0400000061"),
    ] {
        let der = support::name(&[&[("1.3.6.1.4.1.32473.1", tlv(tag, octets))]]);
        let name = DistinguishedName::from_der(&der).unwrap();
        assert_eq!(name.to_string(), format!("1.3.6.1.4.1.32473.1={hex}"));
        let read: DistinguishedName = name.to_string().parse().unwrap();
        assert_eq!(read, name);
        assert_eq!(read.to_der(), der);
    }
}

#[test]
fn spaces_before_a_type_are_passed_over() {
    let name: DistinguishedName = "CN=a,  O=b+ OU=c".parse().unwrap();
    assert_eq!(name.to_string(), "CN=a,O=b+OU=c");
    assert!("".parse::<DistinguishedName>().unwrap().is_empty());
}

#[test]
fn text_outside_the_grammar_is_refused_where_it_goes_wrong() {
    for (text, offset) in [
        ("CN", 2),
        ("=x", 0),
        ("Nickname=x", 0),
        ("CN-x=x", 0),
        ("1.2.=x", 0),
        ("9.9.9=x", 0),
        ("CN=a,", 5),
        ("CN=a+", 5),
        (",CN=a", 0),
        ("CN=a;O=b", 4),
        ("CN=a\"b", 4),
        ("CN=<a>", 3),
        ("CN= a", 3),
        ("CN=a ", 5),
        ("CN=a ,O=b", 5),
        (r"CN=a\", 5),
        (r"CN=a\q", 5),
        (r"CN=a\4", 5),
        (r"CN=\C5", 3),
        (r"CN=\ED\A0\80", 3),
        ("CN=#0c0", 6),
        ("CN=#0c0161z", 10),
        ("CN=a\0", 4),
    ] {
        match text.parse::<DistinguishedName>() {
            Err(ParseError::NameSyntax { offset: found, .. }) => {
                assert_eq!(found, offset, "{text}")
            }
            other => unreachable!("{text}: {other:?}"),
        }
    }
    for text in ["CN=#", "CN=#0c", "CN=#0c0261", "CN=#0c016162"] {
        assert!(
            matches!(
                text.parse::<DistinguishedName>(),
                Err(ParseError::Der { .. })
            ),
            "{text}"
        );
    }
}
