//! What is put in the place of a good part.

use test_pki::der::tlv;

use crate::mutate::Tbs;
use crate::random::Random;

pub(super) fn serial(first: u8, random: &mut Random) -> Vec<u8> {
    let mut bytes = random.bytes::<16>();
    bytes[0] |= first;
    tlv(2, bytes)
}

pub(super) fn validity(tbs: &mut Tbs, tag: u8, from: &str, end_tag: u8, to: &str) {
    tbs.fields[4] = tlv(0x30, [tlv(tag, from), tlv(end_tag, to)].concat());
}

/// A Name of one attribute.
pub(super) fn attribute(oid: &[u8], tag: u8, text: &[u8]) -> Vec<u8> {
    let attribute = [tlv(6, oid), tlv(tag, text)].concat();
    tlv(0x30, tlv(0x31, tlv(0x30, attribute)))
}

/// A P-256 key (the base point), its encoded point changed.
pub(super) fn ec_key(tbs: &mut Tbs, change: impl FnOnce(&mut Vec<u8>)) {
    const BASE: [u8; 64] = [
        0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40,
        0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98,
        0xc2, 0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c,
        0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68,
        0x37, 0xbf, 0x51, 0xf5,
    ];
    let mut point = [&[4][..], &BASE].concat();
    change(&mut point);
    let algorithm = [
        tlv(6, [0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]),
        tlv(6, [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]),
    ];
    key(tbs, &algorithm.concat(), &point);
}

pub(super) fn rsa_key(tbs: &mut Tbs, modulus: &[u8], exponent: &[u8]) {
    let numbers = [tlv(2, [&[0][..], modulus].concat()), tlv(2, exponent)];
    let algorithm = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0xd, 1, 1, 1, 5, 0];
    key(tbs, &algorithm, &tlv(0x30, numbers.concat()));
}

pub(super) fn permitted(tag: u8, base: &[u8]) -> Vec<u8> {
    tlv(0x30, tlv(0xa0, tlv(0x30, tlv(tag, base))))
}

pub(super) fn points(url: &str) -> Vec<u8> {
    tlv(0x30, tlv(0x30, tlv(0xa0, tlv(0xa0, tlv(0x86, url)))))
}

pub(super) fn ocsp(url: &str) -> Vec<u8> {
    let method = tlv(6, [0x2b, 6, 1, 5, 5, 7, 0x30, 1]);
    tlv(0x30, tlv(0x30, [method, tlv(0x86, url)].concat()))
}

fn key(tbs: &mut Tbs, algorithm: &[u8], bits: &[u8]) {
    let bits = tlv(3, [&[0][..], bits].concat());
    tbs.fields[6] = tlv(0x30, [tlv(0x30, algorithm), bits].concat());
}

pub(super) const SAN: &[u8] = &[0x55, 0x1d, 0x11];
pub(super) const EKU: &[u8] = &[0x55, 0x1d, 0x25];
pub(super) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
pub(super) const BASIC: &[u8] = &[0x55, 0x1d, 0x13];
pub(super) const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x1e];
pub(super) const SKI: &[u8] = &[0x55, 0x1d, 0x0e];
pub(super) const AKI: &[u8] = &[0x55, 0x1d, 0x23];
pub(super) const CRL_POINTS: &[u8] = &[0x55, 0x1d, 0x1f];
pub(super) const NO_REV_AVAIL: &[u8] = &[0x55, 0x1d, 0x38];
pub(super) const AIA: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 1];
pub(super) const NO_CHECK: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 1, 5];
pub(super) const PURPOSE_SERVER: &[u8] = &[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1];
pub(super) const PURPOSE_CLIENT: &[u8] = &[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2];
pub(super) const PURPOSE_OCSP: &[u8] = &[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 9];
