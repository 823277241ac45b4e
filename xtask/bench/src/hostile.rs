//! Bundles made to keep a reader busy, each of which is to be refused before any of its work is done.

use pkcs12_ios::{Bundle, Encoding};
use pki_core::{KeyPair, Password};
use test_pki::der::{content, fields, tlv};

/// What is wrong with each, and the file.
pub(crate) fn files(
    key: &KeyPair,
    leaf: &[u8],
    password: &Password,
) -> Result<Vec<(&'static str, Vec<u8>)>, pkcs12_ios::BuildError> {
    let honest = Bundle::builder(key, leaf)
        .encoding(Encoding::Modern)
        .iterations(2048)
        .build(password)?;
    let bags = |count: usize, iterations: u32| with_keys(&honest, count, iterations);
    Ok(vec![
        ("64 keys of 1,000,000 iterations each", bags(64, 1_000_000)),
        (
            "1,000 keys of 1,000,000 iterations each",
            bags(1000, 1_000_000),
        ),
        ("3 keys of 1,000,000 iterations each", bags(3, 1_000_000)),
        ("one key of 2^31 iterations", bags(1, 1 << 31)),
        (
            "a MAC of 2^31 iterations",
            with_mac(&honest, &[0, 0x80, 0, 0, 0]),
        ),
        (
            "a MAC of 2^64 iterations",
            with_mac(&honest, &[1, 0, 0, 0, 0, 0, 0, 0, 0]),
        ),
        ("a MAC of -1 iterations", with_mac(&honest, &[0xff])),
        ("a MAC of 0 iterations", with_mac(&honest, &[0])),
    ])
}

/// The same bundle with another count of rounds for its MAC (RFC 7292 section 4).
fn with_mac(bundle: &[u8], iterations: &[u8]) -> Vec<u8> {
    let mut pfx = fields(content(bundle));
    let mut mac = fields(content(&pfx[2]));
    mac[2] = tlv(INTEGER, iterations);
    pfx[2] = tlv(SEQUENCE, mac.concat());
    tlv(SEQUENCE, pfx.concat())
}

/// Its MAC, over so many keys that nobody encrypted.
fn with_keys(bundle: &[u8], count: usize, iterations: u32) -> Vec<u8> {
    // A zero in front keeps it positive, and only where it is needed (X.690 section 8.3).
    let octets = [&[0], iterations.to_be_bytes().as_slice()].concat();
    let superfluous = octets
        .windows(2)
        .take_while(|pair| pair[0] == 0 && pair[1] < 0x80);
    let iterations = tlv(INTEGER, &octets[superfluous.count()..]);
    let parameters = tlv(SEQUENCE, [tlv(OCTETS, [7; 8]), iterations].concat());
    let algorithm = tlv(SEQUENCE, [tlv(OID, PBE_3DES), parameters].concat());
    let key = tlv(SEQUENCE, [algorithm, tlv(OCTETS, [0; 64])].concat());
    let bag = tlv(
        SEQUENCE,
        [tlv(OID, SHROUDED_KEY_BAG), tlv(EXPLICIT, key)].concat(),
    );
    let part = data(&tlv(SEQUENCE, bag.repeat(count)));
    let mut pfx = fields(content(bundle));
    pfx[1] = data(&tlv(SEQUENCE, part));
    tlv(SEQUENCE, pfx.concat())
}

/// A ContentInfo of `data` (RFC 5652 section 3).
fn data(octets: &[u8]) -> Vec<u8> {
    let content = tlv(EXPLICIT, tlv(OCTETS, octets));
    tlv(SEQUENCE, [tlv(OID, DATA), content].concat())
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
/// `[0] EXPLICIT`.
const EXPLICIT: u8 = 0xa0;
/// 1.2.840.113549.1.7.1
const DATA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
/// 1.2.840.113549.1.12.1.3 (RFC 7292 appendix C)
const PBE_3DES: [u8; 10] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01, 0x03];
/// 1.2.840.113549.1.12.10.1.2 (RFC 7292 section 4.2)
const SHROUDED_KEY_BAG: [u8; 11] = [
    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x02,
];
