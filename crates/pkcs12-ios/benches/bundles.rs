//! Bundles a second, against p12-keystore in the same run: `cargo bench -p pkcs12-ios`.
//!
//! A P-256 leaf under two authorities, 2,048 rounds, one core. Ours includes its checks: the chain's
//! signatures and the key against its certificate.

#![allow(clippy::unwrap_used, reason = "a bench has no one to report to")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::time::{Duration, Instant};

use pkcs12_ios::{Bundle, Encoding, Limits};
use pki_core::KeyKind;
use support::{
    Identity, PASSWORD, like_ours, password, read_by_p12_keystore, written_by_p12_keystore,
};

fn main() {
    let identity = Identity::new(KeyKind::P256, 2);
    println!(
        "{:<16} {:>10} {:>14} {:>6}",
        "per second", "ours", "p12-keystore", "ratio"
    );
    for encoding in [Encoding::Compat, Encoding::Modern] {
        let write = || {
            let builder = Bundle::builder(&identity.key, &identity.leaf).chain(&identity.chain);
            builder
                .encoding(encoding)
                .iterations(2048)
                .build(&password())
                .unwrap()
        };
        let their_write =
            || written_by_p12_keystore(&identity, |writer| like_ours(encoding, writer, 2048));
        let file = write();
        let open = || Bundle::open(&file, &password(), &Limits::default()).unwrap();
        let their_open = || read_by_p12_keystore(&file, PASSWORD);
        report(&format!("{encoding:?} write"), write, their_write);
        report(&format!("{encoding:?} open"), open, their_open);
    }
}

fn report<A, B>(name: &str, ours: impl Fn() -> A, theirs: impl Fn() -> B) {
    // In turn, so that a noisy moment meets both.
    let (mut our_best, mut their_best) = (0.0_f64, 0.0_f64);
    for _ in 0..5 {
        our_best = our_best.max(rate(&ours));
        their_best = their_best.max(rate(&theirs));
    }
    println!(
        "{name:<16} {our_best:>10.0} {their_best:>14.0} {:>6.2}",
        our_best / their_best
    );
}

fn rate<T>(work: impl Fn() -> T) -> f64 {
    let start = Instant::now();
    let mut done = 0;
    while start.elapsed() < Duration::from_millis(300) {
        black_box(work());
        done += 1;
    }
    f64::from(done) / start.elapsed().as_secs_f64()
}
