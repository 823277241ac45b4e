//! Nonces (RFC 8555 section 6.5): authenticated, so that one that is not ours costs a MAC, and good once.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::{error, hmac, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The nonces of this process. Those that nobody has used take no memory.
pub(super) struct Nonces {
    key: hmac::Key,
    state: Mutex<State>,
}

/// Nonces are numbers, given out in their order.
#[derive(Default)]
struct State {
    next: u64,
    /// All numbers below it are used, or count as used.
    floor: u64,
    used: BTreeSet<u64>,
}

impl Nonces {
    /// # Errors
    ///
    /// If the system gives no random bytes.
    pub(super) fn new() -> Result<Self, error::Unspecified> {
        Ok(Self {
            key: hmac::Key::generate(hmac::HMAC_SHA256, &rand::SystemRandom::new())?,
            state: Mutex::default(),
        })
    }

    /// A new one.
    pub(super) fn make(&self) -> String {
        let number = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.next += 1;
            state.next
        };
        let number = number.to_be_bytes();
        let tag = hmac::sign(&self.key, &number);
        URL_SAFE_NO_PAD.encode([&number, tag.as_ref()].concat())
    }

    /// Whether it is one of ours, and was not used before.
    pub(super) fn take(&self, nonce: &str) -> bool {
        let mut bytes = [0; LENGTH];
        if URL_SAFE_NO_PAD.decode_slice(nonce, &mut bytes) != Ok(LENGTH) {
            return false;
        }
        let Some((number, tag)) = bytes.split_first_chunk::<8>() else {
            return false;
        };
        if hmac::verify(&self.key, number, tag).is_err() {
            return false;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.take(u64::from_be_bytes(*number))
    }
}

impl State {
    fn take(&mut self, number: u64) -> bool {
        if number < self.floor || !self.used.insert(number) {
            return false;
        }
        // The oldest that nobody has used are given up when there are too many.
        while self.used.len() > MAX_USED || self.used.first() == Some(&self.floor) {
            let Some(first) = self.used.pop_first() else {
                break;
            };
            self.floor = first + 1;
        }
        true
    }
}

/// A number, and an HMAC-SHA-256 of it.
const LENGTH: usize = 8 + 32;
/// Some 2 MB.
const MAX_USED: usize = 65_536;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_nonce_is_good_once_and_only_where_it_was_made() {
        let (nonces, others) = (Nonces::new().unwrap(), Nonces::new().unwrap());
        let (first, second) = (nonces.make(), nonces.make());
        assert_ne!(first, second);
        assert!(nonces.take(&second));
        assert!(nonces.take(&first));
        for wrong in [&first, &second, &others.make(), "", "AAAA", "\u{e9}"] {
            assert!(!nonces.take(wrong), "{wrong}");
        }
        let mut changed = nonces.make();
        changed.replace_range(..1, "B");
        assert!(!nonces.take(&changed));
    }

    #[test]
    fn what_was_used_is_remembered_within_bounds() {
        let mut state = State::default();
        // Every second one is never used.
        for number in 0..3 * MAX_USED as u64 {
            assert!(state.take(2 * number), "{number}");
            assert!(!state.take(2 * number), "{number}");
        }
        assert_eq!(state.used.len(), MAX_USED);
        assert!(!state.take(1), "it was given up");
        let mut in_order = State::default();
        for number in 0..1000 {
            assert!(in_order.take(number));
        }
        assert!(in_order.used.is_empty());
    }
}
