//! CRLs that are not as RFC 5280 section 5 has them, each beside one that is: the encoding alone decides.

use pki_core::{Crl, CrlError, CrlReadError};
use x509_identity::Certificate;

use crate::verify_kit::*;

const NUMBER: &[u8] = &[0x55, 0x1D, 20];
const REASON: &[u8] = &[0x55, 0x1D, 21];
const KEY_ID: &[u8] = &[0x55, 0x1D, 35];
const PRIVATE: &[u8] = &[0x2A, 3, 4];

/// Version, algorithm, issuer, thisUpdate, nextUpdate, entries, extensions.
type Fields = Vec<Vec<u8>>;

/// A CRL with one entry, changed.
fn changed(change: impl FnOnce(&mut Fields)) -> Vec<u8> {
    let ca = root_ca("root");
    let crl = crl_der(&ca, &crl_params(1, &[&client("alice")]));
    ca.rewrite(&crl, change)
}

fn with_extensions(change: impl FnOnce(&mut Fields)) -> Vec<u8> {
    changed(|tbs| {
        let mut extensions = fields(content(content(&tbs[6])));
        change(&mut extensions);
        tbs[6] = tlv(0xA0, tlv(0x30, extensions.concat()));
    })
}

/// With this one instead of one of that kind.
fn with_extension(oid: &[u8], value: &[u8]) -> Vec<u8> {
    with_extensions(|all| {
        all.retain(|it| !it.windows(oid.len()).any(|part| part == oid));
        all.push(extension(oid, false, value));
    })
}

fn with_entry(change: impl FnOnce(&mut Fields)) -> Vec<u8> {
    changed(|tbs| {
        let mut entry = fields(content(content(&tbs[5])));
        change(&mut entry);
        tbs[5] = tlv(0x30, tlv(0x30, entry.concat()));
    })
}

fn is_read(der: &[u8]) -> bool {
    Crl::from_der(der).is_ok()
}

#[test]
fn a_header_has_its_fields_and_nothing_behind_them() {
    let version_1 = |tbs: &mut Fields| drop(tbs.remove(0));
    for (case, crl, good) in [
        ("as it is", changed(|_| {}), true),
        (
            "name that is none",
            changed(|tbs| tbs[2] = tlv(0x04, [])),
            false,
        ),
        (
            "long times",
            changed(|tbs| tbs[4] = tlv(0x18, "20600101000000Z")),
            true,
        ),
        (
            "a time that is none",
            changed(|tbs| tbs[4] = tlv(0x18, "2060")),
            false,
        ),
        (
            "version 1",
            changed(|tbs| {
                version_1(tbs);
                tbs.pop();
            }),
            true,
        ),
        ("version 1 with extensions", changed(version_1), false),
        (
            "extensions by another tag",
            changed(|tbs| {
                let list = content(&tbs[6]).to_vec();
                tbs[6] = tlv(0xA1, list);
            }),
            false,
        ),
        (
            "something behind the extensions",
            changed(|tbs| {
                let list = [content(&tbs[6]), &[5, 0]].concat();
                tbs[6] = tlv(0xA0, list);
            }),
            false,
        ),
    ] {
        assert_eq!(is_read(&crl), good, "{case}");
    }
    // The algorithm is said twice, and what is signed says it, too.
    let other = changed(|tbs| tbs[1] = tlv(0x30, tlv(0x06, [0x2A, 3, 4])));
    assert!(!is_read(&other));
}

#[test]
fn a_time_is_called_one_only_where_there_is_one() {
    for (time, is_shown) in [
        (tlv(0x17, "2606010000Z"), true),
        (tlv(0x18, "2060"), true),
        (tlv(0x02, [1]), false),
        (tlv(0x0C, "20600101000000Z"), false),
    ] {
        match Crl::from_der(&changed(|tbs| tbs[3] = time)).unwrap_err() {
            CrlError::Time { .. } => assert!(is_shown),
            CrlError::Malformed(_) => assert!(!is_shown),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_extension_has_an_octet_string_and_there_are_not_too_many() {
    let private = |index: u8| extension(&[0x2A, 3, 4, index], false, &[5, 0]);
    let beside = with_extensions(|_| {});
    let already = fields(content(content(
        fields(content(&fields(content(&beside))[0]))
            .last()
            .unwrap(),
    )))
    .len();
    for (case, crl, good) in [
        (
            "false, as written",
            with_extensions(|all| {
                let parts = [tlv(0x06, PRIVATE), tlv(0x01, [0]), tlv(0x04, [5, 0])];
                all.push(tlv(0x30, parts.concat()));
            }),
            true,
        ),
        (
            "no octet string",
            with_extensions(|all| {
                all.push(tlv(0x30, [tlv(0x06, PRIVATE), tlv(0x0C, "a")].concat()));
            }),
            false,
        ),
        (
            "as many as there may be",
            with_extensions(|all| {
                all.extend((already..32).map(|index| private(index as u8)));
            }),
            true,
        ),
        (
            "one more",
            with_extensions(|all| {
                all.extend((already..33).map(|index| private(index as u8)));
            }),
            false,
        ),
    ] {
        let crl = Crl::from_der(&crl);
        assert_eq!(crl.is_ok(), good, "{case}: {crl:?}");
        // What is not critical is passed over.
        assert!(crl.is_err() || crl.unwrap().problem().is_none(), "{case}");
    }
}

#[test]
fn a_number_is_an_integer_of_at_most_twenty_octets() {
    let octets = |first: u8, more: usize| [vec![first], vec![0xAB; more]].concat();
    for (case, value, good) in [
        ("one octet", tlv(0x02, [7]), true),
        ("twenty octets", tlv(0x02, octets(1, 19)), true),
        ("twenty octets and a zero", tlv(0x02, octets(0, 20)), true),
        ("more", tlv(0x02, octets(1, 21)), false),
        ("negative", tlv(0x02, [0x80]), false),
        ("nothing", tlv(0x02, []), false),
        ("no integer", tlv(0x04, [7]), false),
    ] {
        assert_eq!(is_read(&with_extension(NUMBER, &value)), good, "{case}");
    }
}

#[test]
fn a_key_identifier_comes_first_in_its_extension() {
    for (case, value, id) in [
        ("it", tlv(0x30, tlv(0x80, [7])), Some(Some(&[7][..]))),
        ("none", tlv(0x30, []), Some(None)),
        (
            "a serial number alone",
            tlv(0x30, tlv(0x82, [7])),
            Some(None),
        ),
        ("no sequence", tlv(0x31, tlv(0x80, [7])), None),
    ] {
        let crl = Crl::from_der(&with_extension(KEY_ID, &value));
        let crl = crl.as_ref().ok();
        assert_eq!(crl.map(Crl::authority_key_id), id, "{case}");
    }
}

#[test]
fn an_entry_has_a_serial_number_a_date_and_extensions_in_version_2() {
    let reason = |value: &[u8]| {
        let extensions = tlv(0x30, extension(REASON, false, value));
        with_entry(|entry| entry.push(extensions))
    };
    for (case, crl, good) in [
        ("a reason", reason(&tlv(0x0A, [1])), true),
        (
            "a reason that is an integer",
            reason(&tlv(0x02, [1])),
            false,
        ),
        (
            "a serial number that is none",
            with_entry(|entry| entry[0] = tlv(0x04, [1])),
            false,
        ),
        ("no date", with_entry(|entry| entry.truncate(1)), false),
    ] {
        assert_eq!(is_read(&crl), good, "{case}");
    }
    for (extended, good) in [(false, true), (true, false)] {
        let crl = changed(|tbs| {
            let mut entry = fields(content(content(&tbs[5])));
            if extended {
                entry.push(tlv(0x30, extension(REASON, false, &tlv(0x0A, [1]))));
            }
            tbs[5] = tlv(0x30, tlv(0x30, entry.concat()));
            tbs.remove(0);
            tbs.pop();
        });
        assert_eq!(is_read(&crl), good, "version 1");
    }
}

#[test]
fn a_crl_is_signed_by_the_key_of_the_ca_that_it_names() {
    let (ca, namesake) = (root_ca("root"), root_ca("root"));
    let shared = rcgen::KeyPair::from_pem(&ca.key().serialize_pem()).unwrap();
    let renamed = root_ca("another").with_key(shared);
    let crl = Crl::from_der(&crl_der(&ca, &crl_params(1, &[]))).unwrap();
    let mut misnamed = crl_params(1, &[]);
    misnamed.key_identifier_method = rcgen::KeyIdMethod::PreSpecified(vec![7; 20]);
    let misnamed = Crl::from_der(&crl_der(&ca, &misnamed)).unwrap();
    for (crl, issuer, signed) in [
        (&crl, &ca, true),
        (&crl, &namesake, false),
        (&crl, &renamed, false),
        (&misnamed, &ca, false),
    ] {
        let issuer = Certificate::from_der(issuer.der()).unwrap();
        assert_eq!(crl.is_signed_by(&issuer), signed);
    }
}

#[test]
fn the_crl_of_a_file_is_the_section_that_is_one() {
    let ca = root_ca("root");
    let crl = Crl::from_der(&crl_der(&ca, &crl_params(1, &[]))).unwrap();
    let beside = format!("{}{}", ca.pem(), crl.pem());
    let read = Crl::from_pem_or_der(beside.as_bytes()).unwrap();
    assert_eq!(read.der(), crl.der());
    let none = Crl::from_pem_or_der(ca.pem().as_bytes());
    assert!(matches!(none, Err(CrlReadError::NoCrl)), "{none:?}");
}
