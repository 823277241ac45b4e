//! A description as a device encodes it.

use crate::android::{
    AttestationApplicationId, AuthorizationList, KeyDescription, PatchLevel, RootOfTrust,
};

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const ENUMERATED: u8 = 0x0a;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

pub(super) fn encoded(it: &KeyDescription) -> Vec<u8> {
    let fields = [
        number(INTEGER, it.attestation_version.into()),
        number(ENUMERATED, it.attestation_security_level as i128),
        number(INTEGER, it.key_mint_version.into()),
        number(ENUMERATED, it.key_mint_security_level as i128),
        value(OCTETS, &it.attestation_challenge),
        value(OCTETS, &it.unique_id),
        list(&it.software_enforced),
        list(&it.hardware_enforced),
    ];
    value(SEQUENCE, &fields.concat())
}

/// All that is there, in the order of the tags, or in the opposite one where the list says that they are not in order.
fn list(it: &AuthorizationList) -> Vec<u8> {
    let numbers = |list: &[i128]| {
        let numbers: Vec<_> = list.iter().map(|it| number(INTEGER, *it)).collect();
        value(SET, &numbers.concat())
    };
    let integer = |it: i128| number(INTEGER, it);
    let patch = |it: PatchLevel| integer(it.to_string().parse().unwrap_or(0));
    let octets = |it: &[u8]| value(OCTETS, it);
    let text = |it: &str| value(OCTETS, it.as_bytes());
    let null = |_| vec![5, 0];
    let tags = [
        (1, it.purposes.as_deref().map(numbers)),
        (2, it.algorithms.map(integer)),
        (3, it.key_size.map(integer)),
        (4, it.block_modes.as_deref().map(numbers)),
        (5, it.digests.as_deref().map(numbers)),
        (6, it.paddings.as_deref().map(numbers)),
        (7, it.caller_nonce.map(null)),
        (8, it.min_mac_length.map(integer)),
        (10, it.ec_curve.map(integer)),
        (11, it.ml_dsa_variant.map(integer)),
        (200, it.rsa_public_exponent.map(integer)),
        (203, it.rsa_oaep_mgf_digests.as_deref().map(numbers)),
        (303, it.rollback_resistance.map(null)),
        (305, it.early_boot_only.map(null)),
        (400, it.active_date_time.map(integer)),
        (401, it.origination_expire_date_time.map(integer)),
        (402, it.usage_expire_date_time.map(integer)),
        (405, it.usage_count_limit.map(integer)),
        (502, it.user_secure_id.map(integer)),
        (503, it.no_auth_required.map(null)),
        (504, it.user_auth_type.map(integer)),
        (505, it.auth_timeout.map(integer)),
        (506, it.allow_while_on_body.map(null)),
        (507, it.trusted_user_presence_required.map(null)),
        (508, it.trusted_confirmation_required.map(null)),
        (509, it.unlocked_device_required.map(null)),
        (600, it.all_applications.map(null)),
        (601, it.application_id.as_deref().map(octets)),
        (701, it.creation_date_time.map(integer)),
        (702, it.origin.map(|it| integer(it as i128))),
        (703, it.rollback_resistant.map(null)),
        (704, it.root_of_trust.as_ref().map(root_of_trust)),
        (705, it.os_version.map(integer)),
        (706, it.os_patch_level.map(patch)),
        (709, it.attestation_application_id.as_ref().map(application)),
        (710, it.attestation_id_brand.as_deref().map(text)),
        (711, it.attestation_id_device.as_deref().map(text)),
        (712, it.attestation_id_product.as_deref().map(text)),
        (713, it.attestation_id_serial.as_deref().map(text)),
        (714, it.attestation_id_imei.as_deref().map(text)),
        (715, it.attestation_id_meid.as_deref().map(text)),
        (716, it.attestation_id_manufacturer.as_deref().map(text)),
        (717, it.attestation_id_model.as_deref().map(text)),
        (718, it.vendor_patch_level.map(patch)),
        (719, it.boot_patch_level.map(patch)),
        (720, it.device_unique_attestation.map(null)),
        (723, it.attestation_id_second_imei.as_deref().map(text)),
        (724, it.module_hash.as_deref().map(octets)),
    ];
    let tags = tags.into_iter();
    let mut tags: Vec<_> = tags
        .filter_map(|(tag, content)| Some(context(tag, &content?)))
        .collect();
    if !it.are_tags_ordered {
        tags.reverse();
    }
    value(SEQUENCE, &tags.concat())
}

fn root_of_trust(it: &RootOfTrust) -> Vec<u8> {
    let hash = it.verified_boot_hash.as_deref();
    let fields = [
        value(OCTETS, &it.verified_boot_key),
        value(BOOLEAN, &[u8::from(it.device_locked) * 0xff]),
        number(ENUMERATED, it.verified_boot_state as i128),
        hash.map(|it| value(OCTETS, it)).unwrap_or_default(),
    ];
    value(SEQUENCE, &fields.concat())
}

fn application(it: &AttestationApplicationId) -> Vec<u8> {
    let packages = it.packages.iter().map(|package| {
        let fields = [
            value(OCTETS, package.name.as_bytes()),
            number(INTEGER, package.version),
        ];
        value(SEQUENCE, &fields.concat())
    });
    let signatures = it.signatures.iter().map(|it| value(OCTETS, it));
    let fields = [
        value(SET, &packages.collect::<Vec<_>>().concat()),
        value(SET, &signatures.collect::<Vec<_>>().concat()),
    ];
    value(OCTETS, &value(SEQUENCE, &fields.concat()))
}

/// Without the leading octets that say nothing.
fn number(tag: u8, number: i128) -> Vec<u8> {
    let octets = number.to_be_bytes();
    let says_nothing = |pair: &&[u8]| matches!(pair, [0, 0..=0x7f] | [0xff, 0x80..=0xff]);
    let idle = octets.windows(2).take_while(says_nothing).count();
    value(tag, octets.get(idle..).unwrap_or_default())
}

fn context(number: u16, content: &[u8]) -> Vec<u8> {
    let [high, low] = [(number >> 7) as u8, (number & 0x7f) as u8];
    let mut octets = match (number, high) {
        (..31, _) => vec![0xa0 | low],
        (_, 0) => vec![0xbf, low],
        _ => vec![0xbf, 0x80 | high, low],
    };
    octets.extend(length(content.len()));
    octets.extend_from_slice(content);
    octets
}

fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut octets = vec![tag];
    octets.extend(length(content.len()));
    octets.extend_from_slice(content);
    octets
}

fn length(length: usize) -> Vec<u8> {
    let [.., high, low] = length.to_be_bytes();
    match length {
        ..0x80 => vec![low],
        0x80..0x100 => vec![0x81, low],
        _ => vec![0x82, high, low],
    }
}
