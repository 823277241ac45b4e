//! OpenSSL, which judges what we made.

use anyhow::Result;
use pki_core::KeyKind;
use suite::process::{self, Finished};

use crate::report::Verdict;
use crate::workbench::Bench;

/// Those that OpenSSL 3.0 knows.
pub(super) const KINDS: [KeyKind; 6] = [
    KeyKind::P256,
    KeyKind::P384,
    KeyKind::P521,
    KeyKind::Rsa2048,
    KeyKind::Rsa4096,
    KeyKind::Ed25519,
];

pub(super) fn openssl(bench: &Bench<'_>, arguments: &[&str]) -> Result<Finished> {
    process::run(bench.peers.command("openssl").args(arguments), None)
}

/// Accepted if `said` has the words `good` in it, refused if it has `bad`, and neither if it says something else.
pub(super) fn verdict(said: &Finished, good: &str, bad: &str) -> (Verdict, String) {
    let text = format!("{}{}", said.stdout, said.stderr);
    let verdict = match (text.contains(good), text.contains(bad)) {
        (true, false) => Verdict::Accepted,
        (false, true) => Verdict::Refused,
        _ => Verdict::NotRun,
    };
    (verdict, said.reason())
}
