//! The SPIFFE ID of an X.509-SVID.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use support::{Parts, extension, tlv, with_sans};
use x509_identity::pattern::SpiffePattern;
use x509_identity::{Certificate, SpiffeId, SpiffeIdError, SvidError};

const ID: &str = "spiffe://example.org/ns/prod/sa/billing";
const SUBJECT_ALT_NAME: &str = "2.5.29.17";
const KEY_USAGE: &str = "2.5.29.15";
const BASIC_CONSTRAINTS: &str = "2.5.29.19";

#[test]
fn the_one_uri_of_a_certificate_is_its_id() {
    let other_names = [dns("example.org"), uri(ID), email("a@example.org")];
    for (names, expected) in [
        (&[uri(ID)][..], Ok(ID.parse().unwrap())),
        (&other_names, Ok(ID.parse().unwrap())),
        (&[dns("example.org")], Err(SvidError::NoUri)),
        (
            &[uri(ID), uri("https://example.org/")],
            Err(SvidError::SeveralUris),
        ),
        (&[uri(ID), uri(ID)], Err(SvidError::SeveralUris)),
        (&[uri("spiffe://example.org")], Err(SvidError::NoPath)),
        (
            &[uri("https://example.org/")],
            Err(SvidError::Id(SpiffeIdError::Scheme)),
        ),
    ] {
        let certificate = Certificate::from_der(&with_sans(names)).unwrap();
        assert_eq!(SpiffeId::from_certificate(&certificate), expected);
    }
}

#[test]
fn whoever_may_sign_certificates_is_not_a_workload() {
    for (key_usage, is_ca, expected) in [
        (None, None, Ok(ID.parse().unwrap())),
        // digitalSignature, keyCertSign and cRLSign, each the first bit that is set.
        (Some([7, 0x80]), Some(false), Ok(ID.parse().unwrap())),
        (Some([2, 0x04]), None, Err(SvidError::Authority)),
        (Some([1, 0x02]), None, Err(SvidError::Authority)),
        (None, Some(true), Err(SvidError::Authority)),
    ] {
        let mut extensions = vec![extension(SUBJECT_ALT_NAME, &[], tlv(0x30, uri(ID)))];
        extensions.extend(key_usage.map(|bits| extension(KEY_USAGE, &[], tlv(0x03, bits))));
        extensions.extend(is_ca.map(|is_ca| {
            let ca = if is_ca { tlv(0x01, [0xff]) } else { Vec::new() };
            extension(BASIC_CONSTRAINTS, &[], tlv(0x30, ca))
        }));
        let parts = Parts {
            extensions: Some(extensions),
            ..Parts::default()
        };
        let certificate = Certificate::from_der(&parts.der()).unwrap();
        assert_eq!(SpiffeId::from_certificate(&certificate), expected);
    }
}

#[test]
fn a_pattern_answers_for_a_certificate_or_says_why_it_cannot() {
    let pattern: SpiffePattern = "spiffe://example.org/ns/*/sa/billing".parse().unwrap();
    for (name, expected) in [
        (uri(ID), Ok(true)),
        (uri("spiffe://example.org/ns/prod/sa/web"), Ok(false)),
        (uri("spiffe://example.org"), Err(SvidError::NoPath)),
        (dns("example.org"), Err(SvidError::NoUri)),
    ] {
        let certificate = Certificate::from_der(&with_sans(&[name])).unwrap();
        assert_eq!(pattern.matches_svid(&certificate), expected);
    }
}

fn uri(text: &str) -> Vec<u8> {
    tlv(0x86, text)
}

fn dns(text: &str) -> Vec<u8> {
    tlv(0x82, text)
}

fn email(text: &str) -> Vec<u8> {
    tlv(0x81, text)
}
