//! Bytes that would have a careless reader recurse, wait or allocate: each is refused, whatever it announces.

use pki_attest::android::KeyDescription;
use pki_attest::apple::{
    AppId, AppleRefusal, Categories, ClientData, Environment, ExpectedAssertion,
    ExpectedAttestation, ExpectedManagedDevice, ManagedDeviceRefusal, app_attestation_root,
    enterprise_attestation_root, verify_assertion, verify_attestation, verify_managed_device,
};
use pki_attest::simulator::AndroidSimulator;
use time::OffsetDateTime;

const NOW: OffsetDateTime = time::macros::datetime!(2026-11-27 12:00 UTC);

/// Whether each reader says that it cannot read them.
fn are_unreadable(bytes: &[u8]) -> [bool; 3] {
    let app: AppId = "1234567890.com.example.app".parse().unwrap();
    let attestation = ExpectedAttestation {
        app: &app,
        key_id: &[0; 32],
        client_data: ClientData::new(b""),
        environments: &[Environment::Production],
        categories: &Categories::Any,
    };
    let assertion = ExpectedAssertion {
        app: &app,
        public_key: &[],
        client_data: ClientData::new(b""),
        previous_counter: 0,
    };
    let device = ExpectedManagedDevice {
        token: b"",
        public_key: None,
    };
    [
        matches!(
            verify_attestation(bytes, &attestation, app_attestation_root(), NOW),
            Err(AppleRefusal::Malformed { .. })
        ),
        matches!(
            verify_assertion(bytes, &assertion),
            Err(AppleRefusal::Malformed { .. })
        ),
        matches!(
            verify_managed_device(bytes, &device, enterprise_attestation_root(), NOW),
            Err(ManagedDeviceRefusal::Malformed { .. })
        ),
    ]
}

/// A map of one key that nobody knows, `x`.
fn below_x(value: &[u8]) -> Vec<u8> {
    [&[0xa1, 0x61, b'x'][..], value].concat()
}

/// `{"attStmt": {"x5c": value}}`
fn as_certificates(value: &[u8]) -> Vec<u8> {
    [&b"\xa1\x67attStmt\xa1\x63x5c"[..], value].concat()
}

#[test]
fn cbor_that_announces_more_than_there_is_is_refused() {
    let most = [0xff; 8];
    let with = |first: u8| [&[first][..], &most].concat();
    for bytes in [
        // A map, an array, octets and a text, each of 2^64 - 1.
        with(0xbb),
        below_x(&with(0x9b)),
        below_x(&with(0x5b)),
        below_x(&with(0x7b)),
        as_certificates(&with(0x9b)),
        as_certificates(&[&[0x81][..], &with(0x5b)].concat()),
        // The same of a length that nothing says.
        vec![0xbf, 0xff],
        as_certificates(&[0x9f, 0xff]),
        as_certificates(&[0x81, 0x5f, 0xff]),
        // A text where octets belong, and a number where a map belongs.
        as_certificates(&[0x81, 0x61, b'x']),
        b"\xa1\x67attStmt\x01".to_vec(),
        vec![],
        vec![0x00],
        // The end within an announced tag, and a tag that is none.
        vec![0xa1, 0x63, b'f'],
        vec![0x1c],
    ] {
        assert_eq!(are_unreadable(&bytes), [true; 3], "{bytes:02x?}");
    }
}

#[test]
fn nested_cbor_is_skipped_or_refused_without_recursion() {
    for (depth, end) in [(3_900, &[0x00][..]), (3_900, &[])] {
        // Arrays of one, arrays without a length, maps of one, tags.
        for opening in [&[0x81][..], &[0x9f], &[0xa1, 0x00], &[0xc0]] {
            let nested = opening.repeat(depth / opening.len());
            let bytes = below_x(&[&nested, end].concat());
            assert_eq!(are_unreadable(&bytes), [true; 3]);
        }
    }
}

#[test]
fn a_map_has_each_key_once_and_32_at_most() {
    assert_eq!(are_unreadable(b"\xa2\x63fmt\x60\x63fmt\x60"), [true; 3]);
    let keys: Vec<u8> = (0..33_u8).flat_map(|it| [0x61, b'A' + it, 0x00]).collect();
    let bytes = [&[0xb8, 33][..], &keys].concat();
    assert_eq!(are_unreadable(&bytes), [true; 3]);
}

#[test]
fn a_description_that_announces_more_than_there_is_is_refused() {
    let key = rcgen::KeyPair::generate().unwrap();
    let device = AndroidSimulator::new(pki_attest::simulator::Factory::Remote, NOW).unwrap();
    let description = AndroidSimulator::description(b"challenge");
    let chain = device.attest(&key, &description, None).unwrap();
    let oid = "1.3.6.1.4.1.11129.2.1.17".parse().unwrap();
    let good = chain[0].extension(oid).unwrap().value.to_vec();
    assert!(KeyDescription::from_der(&good).is_ok());
    // Nested a thousand times, and of lengths that no memory has.
    let nested = [0x30, 0x80].repeat(1_000);
    let open = [0x30, 0x83, 0xff, 0xff, 0xff].repeat(1_000);
    for wrong in [
        nested,
        open,
        vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        vec![0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        vec![0x30, 0x80, 0x00, 0x00],
        [&good[..], &[0x00]].concat(),
        vec![0x31; good.len()],
    ] {
        assert!(KeyDescription::from_der(&wrong).is_err());
    }
}

#[test]
fn a_list_of_authorizations_has_256_entries_at_most_and_each_tag_once() {
    let sequence = |content: &[u8]| {
        let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[0x30, 0x82, high, low][..], content].concat()
    };
    let described = |list: &[u8]| {
        let head = [2, 1, 3, 10, 1, 1, 2, 1, 4, 10, 1, 1, 4, 0, 4, 0];
        let lists = [sequence(list), sequence(&[])].concat();
        KeyDescription::from_der(&sequence(&[&head[..], &lists].concat())).is_ok()
    };
    // Tags of three octets, from 2,000 on, which nobody knows.
    let unknown = |count: u16| -> Vec<u8> {
        let tag = |number: u16| [0xbf, 0x80 | (number >> 7) as u8, (number & 0x7f) as u8, 0];
        (2_000..2_000 + count).flat_map(tag).collect()
    };
    assert!(described(&unknown(256)));
    assert!(!described(&unknown(257)));
    assert!(!described(&[unknown(1), unknown(1)].concat()));
}
