//! Bundles a second, against p12-keystore and the key derivation alone in the same run: `cargo bench -p pkcs12-ios`.
//!
//! A P-256 leaf under two authorities, 2,048 rounds, one core. Ours includes its checks of the key against its
//! certificate and, but for the rows without them, of the chain's signatures. `cargo xtask bench p12` publishes.

#![allow(clippy::unwrap_used, reason = "a bench has no one to report to")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::time::{Duration, Instant};

use pbe::{Digest, PasswordOctets, Purpose, Request, derive, pbkdf2_sha256_together};
use pkcs12_ios::{Archive, Bundle, Encoding, Limits};
use pki_core::KeyKind;
use support::{
    Identity, PASSWORD, like_ours, password, read_by_p12_keystore, written_by_p12_keystore,
};

fn main() {
    let identity = Identity::new(KeyKind::P256, 2);
    println!(
        "{:<28} {:>10} {:>14} {:>6} {:>12} {:>6}",
        "per second", "ours", "p12-keystore", "ratio", "derivations", "ratio"
    );
    for encoding in [Encoding::Compat, Encoding::Modern] {
        let builder = || {
            let builder = Bundle::builder(&identity.key, &identity.leaf).chain(&identity.chain);
            builder.encoding(encoding).iterations(ROUNDS)
        };
        let write = || builder().build(&password()).unwrap();
        let unchecked = || {
            builder()
                .allow_unverified_chain()
                .build(&password())
                .unwrap()
        };
        let their_write =
            || written_by_p12_keystore(&identity, |writer| like_ours(encoding, writer, ROUNDS));
        let file = write();
        let open = || Bundle::open(&file, &password(), &Limits::default()).unwrap();
        let read = || Archive::read(&file, &password(), &Limits::default()).unwrap();
        let their_open = || read_by_p12_keystore(&file, PASSWORD);
        let floor = || derivations(encoding);
        report(&format!("{encoding:?} write"), write, their_write, floor);
        report(
            &format!("{encoding:?} write, no signatures"),
            unchecked,
            their_write,
            floor,
        );
        report(&format!("{encoding:?} open"), open, their_open, floor);
        report(
            &format!("{encoding:?} read, no signatures"),
            read,
            their_open,
            floor,
        );
    }
}

fn report<A, B, C>(
    name: &str,
    ours: impl Fn() -> A,
    theirs: impl Fn() -> B,
    floor: impl Fn() -> C,
) {
    // In turn, so that a noisy moment meets all.
    let mut best = [0.0_f64; 3];
    for _ in 0..5 {
        let rates = [rate(&ours), rate(&theirs), rate(&floor)];
        for (best, rate) in best.iter_mut().zip(rates) {
            *best = best.max(rate);
        }
    }
    let [ours, theirs, floor] = best;
    println!(
        "{name:<28} {ours:>10.0} {theirs:>14.0} {:>6.2} {floor:>12.0} {:>6.2}",
        ours / theirs,
        ours / floor
    );
}

/// All that is derived from the password for one file, as we derive it for writing.
fn derivations(encoding: Encoding) {
    let salts = [[7; 16], [8; 16], [9; 16]];
    let octets = PasswordOctets::new(PASSWORD);
    let request = |purpose, salt: usize, len| Request {
        purpose,
        password: octets.utf16(),
        salt: &salts[salt],
        iterations: ROUNDS,
        len,
    };
    if encoding == Encoding::Compat {
        let requests = [
            request(Purpose::EncryptionKey, 0, 24),
            request(Purpose::Iv, 0, 8),
            request(Purpose::EncryptionKey, 1, 24),
            request(Purpose::Iv, 1, 8),
            request(Purpose::MacKey, 2, 20),
        ];
        black_box(derive(Digest::Sha1, &requests));
    } else {
        let both = [salts[0].as_slice(), &salts[1]];
        black_box(pbkdf2_sha256_together(octets.utf8(), both, ROUNDS));
        black_box(derive(Digest::Sha256, &[request(Purpose::MacKey, 2, 32)]));
    }
}

const ROUNDS: u32 = 2048;

fn rate<T>(work: impl Fn() -> T) -> f64 {
    let start = Instant::now();
    let mut done = 0;
    while start.elapsed() < Duration::from_millis(300) {
        black_box(work());
        done += 1;
    }
    f64::from(done) / start.elapsed().as_secs_f64()
}
