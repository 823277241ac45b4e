//! Files of many writers, changed in places that nobody chose: nothing panics, grows or goes on.
//!
//! The changes are the same in each run. `P12_MUTATIONS` says how many; `cargo xtask fuzz p12` makes 32,000.

#![allow(
    clippy::unwrap_used,
    reason = "a test says what it expects by unwrapping it"
)]

mod support;

use der::asn1::Any;
use der::{Decode, Encode};
use pkcs12_ios::{Archive, Bundle, Encoding, Limits, ReadError, Reader, inspect};
use pki_core::KeyKind;
use support::{Identity, password};

const MUTATIONS: usize = 2000;

#[test]
fn no_changed_file_panics_or_costs_more_than_allowed() {
    let count = std::env::var("P12_MUTATIONS").map_or(MUTATIONS, |text| text.parse().unwrap());
    let files = files();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut opened = 0;
    for number in 0..count {
        let file = random.change(&files[number % files.len()], &files);
        opened += usize::from(look_at(&file));
    }
    // A change may be to what nobody looks at: the name in an unencrypted part, without a MAC.
    assert!(opened * 4 < count, "{opened} of {count} opened");
    #[cfg(target_os = "linux")]
    assert!(peak_memory() < 64 << 20, "{} bytes", peak_memory());
}

/// Reads and inspects it in each way, and says whether it opened.
fn look_at(file: &[u8]) -> bool {
    let mut limits = Limits::default();
    // As much as the files cost before they were changed.
    limits.iterations = 2048;
    limits.hash_blocks = 7 * 2048;
    let strict = Archive::read(file, &password(), &limits);
    let without_mac = Archive::read(file, &password(), &limits.clone().allow_missing_mac());
    assert!(strict.is_err() || without_mac.is_ok());
    let outer = inspect(file, None, &limits);
    let inner = inspect(file, Some(&password()), &limits);
    // One walk: what opens can be inspected.
    assert!(without_mac.is_err() || inner.is_ok() && outer.is_ok());
    for inspection in [outer, inner].into_iter().flatten() {
        assert!(inspection.bags().len() <= limits.bags);
        for reader in Reader::ALL {
            let outlook = inspection.outlook(reader);
            assert!(!outlook.is_refused() || outlook.identities == Some(0));
        }
    }
    match without_mac {
        Ok(archive) => {
            assert!(archive.keys().len() <= limits.keys);
            assert!(archive.certificates().len() <= limits.certificates);
            let _ = Bundle::of_archive(&archive, None);
            true
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert!(!matches!(error, ReadError::MacMissing));
            false
        }
    }
}

/// Files of ours and of others, with their MAC and without.
fn files() -> Vec<Vec<u8>> {
    let identity = Identity::new(KeyKind::P256, 1);
    let ours = [Encoding::Compat, Encoding::Modern].map(|encoding| {
        let builder = Bundle::builder(&identity.key, &identity.leaf).chain(&identity.chain);
        let builder = builder.encoding(encoding).iterations(1000);
        builder.build(&password()).unwrap()
    });
    let others = [
        &include_bytes!("data/openssl-default.p12")[..],
        include_bytes!("data/openssl-key-plain.p12"),
        include_bytes!("data/openssl-legacy.p12"),
        include_bytes!("data/openssl-rc4.p12"),
        include_bytes!("data/openssl-aes128-aes192-sha384.p12"),
        // Indefinite lengths, and strings in pieces.
        include_bytes!("data/bc-3des.p12"),
        include_bytes!("data/nss-3des.p12"),
    ];
    let with_mac: Vec<_> = others.map(<[u8]>::to_vec).into_iter().chain(ours).collect();
    let without_mac = with_mac.iter().filter_map(|file| without_mac(file));
    let without_mac: Vec<_> = without_mac.collect();
    [with_mac, without_mac].concat()
}

/// RFC 7292 section 4: the MAC is the third and last part of a PFX. None for what is not DER.
fn without_mac(pfx: &[u8]) -> Option<Vec<u8>> {
    let mut parts = Vec::<Any>::from_der(pfx).ok()?;
    parts.truncate(2);
    parts.to_der().ok()
}

/// xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators").
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % end.max(1)
    }

    /// One to four changes: an octet, a bit, a number, a piece cut out, doubled or brought from another file, the end cut
    /// off.
    fn change(&mut self, file: &[u8], others: &[Vec<u8>]) -> Vec<u8> {
        let mut file = file.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(file.len());
            let len = self.below(40).min(file.len() - at);
            match self.below(8) {
                0 => file[at] = self.next() as u8,
                1 => file[at] ^= 1 << self.below(8),
                // Lengths, numbers and tags that mean something.
                2 => {
                    file[at] =
                        [0, 1, 0x02, 0x04, 0x24, 0x30, 0x7F, 0x80, 0x84, 0xA0, 0xFF][self.below(11)]
                }
                3 => drop(file.drain(at..at + len)),
                4 => {
                    let piece = file[at..at + len].to_vec();
                    file.splice(at..at, piece);
                }
                5 => {
                    let other = &others[self.below(others.len())];
                    let from = self.below(other.len());
                    let piece = &other[from..(from + len).min(other.len())];
                    file.splice(at..at, piece.iter().copied());
                }
                6 => file.truncate(at.max(1)),
                _ => file[at..at + len].fill(self.next() as u8),
            }
            if file.is_empty() {
                file.push(0x30);
            }
        }
        file
    }
}

/// Of the whole process so far, in octets (proc(5)).
#[cfg(target_os = "linux")]
fn peak_memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line
        .and_then(|line| line.split_whitespace().nth(1))
        .unwrap();
    kib.parse::<usize>().unwrap() << 10
}
