//! The fields that every certificate has: version, serial number, validity and key.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use support::{Parts, oid, sequence, tlv};
use time::macros::datetime;
use x509_identity::{Certificate, ObjectIdentifier, ParseError, PublicKeyAlgorithm};

#[test]
fn all_three_versions_parse_and_no_other() {
    for (version, read) in [
        (vec![], Some(1)),
        (vec![0], Some(1)),
        (vec![1], Some(2)),
        (vec![2], Some(3)),
        (vec![3], None),
        (vec![0xff], None),
    ] {
        let version = if version.is_empty() {
            vec![]
        } else {
            tlv(0xa0, tlv(0x02, version))
        };
        let result = Certificate::from_der(
            &Parts {
                version,
                ..Parts::default()
            }
            .der(),
        );
        assert_eq!(result.ok().map(|certificate| certificate.version()), read);
    }
}

#[test]
fn a_unique_id_of_either_is_told() {
    let (issuer, subject) = (tlv(0x81, [0, 1]), tlv(0x82, [0, 2]));
    let both = [&issuer[..], &subject].concat();
    for (unique_ids, has_unique_ids) in [
        (vec![], false),
        (issuer, true),
        (subject, true),
        (both, true),
    ] {
        let parts = Parts {
            unique_ids,
            ..Parts::default()
        };
        let certificate = Certificate::from_der(&parts.der()).unwrap();
        assert_eq!(certificate.has_unique_ids(), has_unique_ids);
    }
}

#[test]
fn serial_numbers_of_any_size_and_sign_parse_and_say_so() {
    let longest = [&[0x7f; 20][..]].concat();
    let too_long = [&[0x7f; 21][..]].concat();
    for (octets, text, rfc5280) in [
        (&[1][..], "01", true),
        (&[0], "00", false),
        (&[0x0a, 0xbc], "0ABC", true),
        (&[0, 0x80], "80", true),
        (&[0xff], "-01", false),
        (&[0x80], "-80", false),
        (&[0xff, 0x7f], "-81", false),
        (&longest, &"7F".repeat(20), true),
        (&too_long, &"7F".repeat(21), false),
    ] {
        let serial = tlv(0x02, octets);
        let certificate = Certificate::from_der(
            &Parts {
                serial,
                ..Parts::default()
            }
            .der(),
        )
        .unwrap();
        assert_eq!(certificate.serial().to_string(), *text);
        assert_eq!(certificate.serial().is_rfc5280(), rfc5280);
        assert_eq!(certificate.serial().as_bytes(), octets);
    }
    for octets in [&[][..], &[0, 1], &[0xff, 0x80]] {
        let serial = tlv(0x02, octets);
        assert!(
            Certificate::from_der(
                &Parts {
                    serial,
                    ..Parts::default()
                }
                .der()
            )
            .is_err()
        );
    }
}

#[test]
fn validity_is_read_in_the_two_forms_of_rfc_5280() {
    for (tag, text, moment) in [
        (
            0x17,
            "491231235959Z",
            Some(datetime!(2049-12-31 23:59:59 UTC)),
        ),
        (
            0x17,
            "500101000000Z",
            Some(datetime!(1950-01-01 00:00:00 UTC)),
        ),
        (
            0x18,
            "99991231235959Z",
            Some(datetime!(9999-12-31 23:59:59 UTC)),
        ),
        (
            0x18,
            "20240229000000Z",
            Some(datetime!(2024-02-29 00:00:00 UTC)),
        ),
        (0x17, "230229000000Z", None),
        (0x17, "261301000000Z", None),
        (0x17, "260100000000Z", None),
        (0x17, "260101240000Z", None),
        (0x17, "260101006000Z", None),
        (0x17, "260101000060Z", None),
        (0x17, "2601010000Z", None),
        (0x17, "260101000000+", None),
        (0x17, "260101000000+0000", None),
        (0x17, "26010100000 Z", None),
        (0x17, "20260101000000Z", None),
        (0x18, "260101000000Z", None),
        (0x18, "20260101000000.0Z", None),
        (0x18, "20260101000000", None),
        (0x0c, "260101000000Z", None),
        (0x17, "", None),
    ] {
        let good = tlv(0x17, "260101000000Z");
        let time = tlv(tag, text);
        for (validity, what) in [([&time, &good], "notBefore"), ([&good, &time], "notAfter")] {
            let validity = sequence(&validity.map(Vec::as_slice));
            let result = Certificate::from_der(
                &Parts {
                    validity,
                    ..Parts::default()
                }
                .der(),
            );
            match moment {
                Some(moment) => {
                    let read = result.unwrap();
                    let read = if what == "notBefore" {
                        read.not_before()
                    } else {
                        read.not_after()
                    };
                    assert_eq!(read, moment);
                }
                None => {
                    let error = result.unwrap_err();
                    let found = text.to_owned();
                    assert_eq!(error, ParseError::Time { what, found }, "{text}");
                    // What is there is told, and what belongs there.
                    let sentence = error.to_string();
                    assert!(
                        sentence.starts_with(&format!("{what} is `{text}`")),
                        "{sentence}"
                    );
                    assert!(sentence.contains("YYYYMMDDHHMMSSZ"), "{sentence}");
                }
            }
        }
    }
}

#[test]
fn unusual_keys_are_named_and_malformed_ones_refused() {
    let spki = |algorithm: &[&[u8]], key: &[u8]| {
        let key = tlv(0x03, [&[0], key].concat());
        Parts {
            spki: sequence(&[&sequence(algorithm), &key]),
            ..Parts::default()
        }
        .der()
    };
    let other = |dotted| PublicKeyAlgorithm::Other(ObjectIdentifier::new_unwrap(dotted));
    let (ec, rsa) = (oid("1.2.840.10045.2.1"), oid("1.2.840.113549.1.1.1"));
    let modulus = |octets: &[u8]| sequence(&[&tlv(0x02, octets), &tlv(0x02, [3])]);
    for (der, algorithm) in [
        (
            spki(&[&ec, &oid("1.3.132.0.10")], b"x"),
            other("1.3.132.0.10"),
        ),
        (
            spki(&[&ec, &tlv(0x30, [])], b"x"),
            other("1.2.840.10045.2.1"),
        ),
        (spki(&[&ec], b"x"), other("1.2.840.10045.2.1")),
        (
            spki(&[&oid("1.2.840.10040.4.1")], b"x"),
            other("1.2.840.10040.4.1"),
        ),
        (
            spki(&[&rsa, &[5, 0]], &modulus(&[0, 0x80, 0])),
            PublicKeyAlgorithm::Rsa { bits: 16 },
        ),
        (
            spki(&[&rsa, &[5, 0]], &modulus(&[0x7f, 0])),
            PublicKeyAlgorithm::Rsa { bits: 15 },
        ),
    ] {
        assert_eq!(
            Certificate::from_der(&der).unwrap().public_key_algorithm(),
            algorithm
        );
    }
    for bad in [
        &b"not DER"[..],
        &modulus(&[0x80]),
        &[modulus(&[1]), vec![0]].concat(),
    ] {
        assert!(Certificate::from_der(&spki(&[&rsa, &[5, 0]], bad)).is_err());
    }
}
