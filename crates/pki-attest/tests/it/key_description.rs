//! What devices write into the description of a key, by the book and beside it.

use pki_attest::android::{AuthorizationList, KeyDescription, Origin, PatchLevel, RootOfTrust};
use pki_attest::simulator::{AndroidSimulator, Factory};
use time::OffsetDateTime;

const NOW: OffsetDateTime = time::macros::datetime!(2026-11-27 12:00 UTC);

fn written(description: &KeyDescription) -> Vec<u8> {
    let device = AndroidSimulator::new(Factory::Remote, NOW).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let chain = device.attest(&key, description, None).unwrap();
    let oid = "1.3.6.1.4.1.11129.2.1.17".parse().unwrap();
    chain[0].extension(oid).unwrap().value.to_vec()
}

/// A list with everything that Android has a tag for.
fn everything() -> AuthorizationList {
    let text = |text: &str| Some(text.to_owned());
    let of_simulator = AndroidSimulator::description(b"challenge");
    AuthorizationList {
        purposes: Some(vec![2, 3]),
        algorithms: Some(3),
        key_size: Some(256),
        block_modes: Some(vec![1]),
        digests: Some(vec![4, 6]),
        paddings: Some(vec![1]),
        caller_nonce: Some(true),
        min_mac_length: Some(128),
        ec_curve: Some(1),
        ml_dsa_variant: Some(0),
        rsa_public_exponent: Some(65_537),
        rsa_oaep_mgf_digests: Some(vec![4]),
        rollback_resistance: Some(true),
        early_boot_only: Some(true),
        active_date_time: Some(1_758_900_680_964),
        origination_expire_date_time: Some(i128::from(u64::MAX)),
        usage_expire_date_time: Some(1_758_900_680_966),
        usage_count_limit: Some(1),
        user_secure_id: Some(77),
        no_auth_required: Some(true),
        // Any authenticator, which is 2^32 - 1, as some devices write it.
        user_auth_type: Some(-1),
        auth_timeout: Some(30),
        allow_while_on_body: Some(true),
        trusted_user_presence_required: Some(true),
        trusted_confirmation_required: Some(true),
        unlocked_device_required: Some(true),
        all_applications: Some(true),
        application_id: Some(vec![1, 2, 3]),
        creation_date_time: Some(1_758_900_680_964),
        origin: Some(Origin::Generated),
        rollback_resistant: Some(true),
        root_of_trust: of_simulator.hardware_enforced.root_of_trust,
        os_version: Some(160_000),
        os_patch_level: PatchLevel::from_number(202_511),
        attestation_application_id: of_simulator.software_enforced.attestation_application_id,
        attestation_id_brand: text("google"),
        attestation_id_device: text("caiman"),
        attestation_id_product: text("caiman"),
        attestation_id_serial: text("4A1B2C"),
        attestation_id_imei: text("490154203237518"),
        attestation_id_meid: text("A0000000000000"),
        attestation_id_manufacturer: text("Google"),
        attestation_id_model: text("Pixel 9 Pro"),
        vendor_patch_level: PatchLevel::from_number(20_251_105),
        boot_patch_level: PatchLevel::from_number(20_251_105),
        device_unique_attestation: Some(true),
        attestation_id_second_imei: text("490154203237526"),
        module_hash: Some(vec![7; 32]),
        are_tags_ordered: true,
        unreadable: Vec::new(),
    }
}

#[test]
fn every_tag_of_android_is_read_in_any_order() {
    for are_tags_ordered in [true, false] {
        let list = AuthorizationList {
            are_tags_ordered,
            ..everything()
        };
        let description = KeyDescription {
            attestation_version: 3,
            unique_id: vec![9; 16],
            software_enforced: list.clone(),
            hardware_enforced: list,
            ..AndroidSimulator::description(b"challenge")
        };
        let read = KeyDescription::from_der(&written(&description)).unwrap();
        assert_eq!(read, description);
        let json = serde_json::to_value(&read).unwrap();
        let hardware = &json["hardwareEnforced"];
        assert_eq!(hardware["userAuthType"], "-1");
        assert_eq!(
            hardware["originationExpireDateTime"],
            "18446744073709551615"
        );
        assert_eq!(hardware["areTagsOrdered"], are_tags_ordered);
        assert_eq!(hardware["attestationIdSecondImei"], "490154203237526");
    }
}

#[test]
fn a_boot_without_a_hash_is_read_as_before_version_3() {
    let mut description = AndroidSimulator::description(b"challenge");
    description.attestation_version = 2;
    description.hardware_enforced.root_of_trust = Some(RootOfTrust {
        verified_boot_key: Vec::new(),
        verified_boot_hash: None,
        ..everything().root_of_trust.unwrap()
    });
    let read = KeyDescription::from_der(&written(&description)).unwrap();
    assert_eq!(read, description);
}

/// A description whose hardware list is `list`, octet by octet.
fn with_list(list: &[u8]) -> Result<AuthorizationList, String> {
    let sequence = |content: &[u8]| {
        let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[0x30, 0x82, high, low][..], content].concat()
    };
    let head = [2, 1, 3, 10, 1, 1, 2, 1, 4, 10, 1, 1, 4, 0, 4, 0];
    let lists = [sequence(&[]), sequence(list)].concat();
    let read = KeyDescription::from_der(&sequence(&[&head[..], &lists].concat()));
    let read = read.map_err(|error| error.to_string())?;
    Ok(read.hardware_enforced)
}

/// A tag of two octets or three, with its content.
fn tagged(number: u16, content: &[u8]) -> Vec<u8> {
    let (high, low) = ((number >> 7) as u8, (number & 0x7f) as u8);
    let tag = match (number, high) {
        (..31, _) => vec![0xa0 | low],
        (_, 0) => vec![0xbf, low],
        _ => vec![0xbf, 0x80 | high, low],
    };
    [&tag[..], &[u8::try_from(content.len()).unwrap()], content].concat()
}

#[test]
fn a_value_of_another_type_is_absent_and_said_to_be_unreadable() {
    let integer = &[0x02, 0x01, 0x05][..];
    let octets = &[0x04, 0x01, 0xff][..];
    for (tag, content) in [
        // A set where a number belongs, and the other way round.
        (3, &[0x31, 0x00][..]),
        (1, integer),
        (5, &[0x31, 0x03, 0x04, 0x01, 0x00]),
        // Octets that are no text, and a number that is none.
        (717, octets),
        (713, integer),
        (705, octets),
        (10, &[0x02, 0x00]),
        // A boot state that is a number, and an origin that is octets.
        (
            704,
            &[0x30, 0x08, 0x04, 0x00, 0x01, 0x01, 0xff, 0x02, 0x01, 0x00],
        ),
        (702, octets),
        // An app that is no structure in octets.
        (709, integer),
    ] {
        let list = with_list(&[tagged(tag, content), tagged(718, &[2, 3, 3, 0x17, 0x0f])].concat());
        let expected = AuthorizationList {
            vendor_patch_level: PatchLevel::from_number(202_511),
            are_tags_ordered: true,
            unreadable: vec![u32::from(tag)],
            ..AuthorizationList::default()
        };
        assert_eq!(list, Ok(expected), "{tag}");
    }
}

#[test]
fn what_has_no_meaning_or_no_end_is_an_error() {
    let boot = |state: u8, locked: &[u8]| {
        let fields = [&[0x04, 0x00][..], locked, &[0x0a, 0x01, state]].concat();
        tagged(
            704,
            &[&[0x30, u8::try_from(fields.len()).unwrap()][..], &fields].concat(),
        )
    };
    for (list, good) in [
        (boot(3, &[0x01, 0x01, 0x00]), true),
        (boot(4, &[0x01, 0x01, 0x00]), false),
        (tagged(702, &[0x02, 0x01, 0x04]), true),
        (tagged(702, &[0x02, 0x01, 0x05]), false),
        // Something behind the value, a value that ends too late, no value at all.
        (tagged(3, &[0x02, 0x01, 0x05, 0x00]), false),
        (tagged(3, &[0x02, 0x02, 0x05]), false),
        (tagged(503, &[]), false),
        (tagged(503, &[0x05, 0x00]), true),
        // A tag that is not one of this list, and one that is not known.
        (vec![0x02, 0x01, 0x05], false),
        (tagged(999, &[0x05, 0x00]), true),
        (
            [tagged(3, &[2, 1, 5]), tagged(3, &[2, 1, 5])].concat(),
            false,
        ),
    ] {
        assert_eq!(with_list(&list).is_ok(), good, "{list:02x?}");
    }
    // A bootloader is locked whatever the octet is that is not 0.
    for (octet, locked) in [(0x00, false), (0x01, true), (0x0a, true), (0xff, true)] {
        let list = with_list(&boot(0, &[0x01, 0x01, octet])).unwrap();
        assert_eq!(list.root_of_trust.unwrap().device_locked, locked);
    }
}

#[test]
fn a_number_that_is_no_month_is_no_patch_level() {
    for (octets, level) in [
        (
            &[0x02, 0x03, 0x03, 0x17, 0x0f][..],
            PatchLevel::from_number(202_511),
        ),
        (&[0x02, 0x01, 0x00], None),
        (&[0x02, 0x01, 0xff], None),
        (&[0x02, 0x05, 0x00, 0xff, 0xff, 0xff, 0xff], None),
    ] {
        let list = with_list(&tagged(706, octets)).unwrap();
        assert_eq!(list.os_patch_level, level);
        assert!(list.unreadable.is_empty());
    }
}
