//! How often somebody may ask.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::refusal::Refusal;

/// How much one peer may ask for; each field has a default.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct EnrollLimits {
    /// Requests of an address in a minute, and at once: 600. An IPv6 network of 64 bits is one address.
    pub per_address: u32,
    /// Requests of a credential or a certificate in a minute, and at once: 60.
    pub per_requester: u32,
    /// Until the body is complete: 10 s.
    pub body: Duration,
    /// Until there is an answer: 30 s. What was begun goes on, and the same request gets its outcome.
    pub answer: Duration,
}

impl Default for EnrollLimits {
    fn default() -> Self {
        Self {
            per_address: 600,
            per_requester: 60,
            body: Duration::from_secs(10),
            answer: Duration::from_secs(30),
        }
    }
}

/// The buckets of all who have asked in the last minutes.
#[derive(Debug)]
pub(crate) struct Rates {
    addresses: Buckets<IpAddr>,
    requesters: Buckets<String>,
}

impl Rates {
    pub(crate) fn new(limits: &EnrollLimits) -> Self {
        Self {
            addresses: Buckets::new(limits.per_address),
            requesters: Buckets::new(limits.per_requester),
        }
    }

    pub(crate) fn address(&self, address: IpAddr) -> Result<(), Refusal> {
        let network = match address.to_canonical() {
            IpAddr::V6(address) => {
                let high = u128::from(address) >> 64 << 64;
                IpAddr::V6(high.into())
            }
            v4 => v4,
        };
        self.addresses.take(network, Instant::now())
    }

    pub(crate) fn requester(&self, requester: &str) -> Result<(), Refusal> {
        self.requesters.take(requester.to_owned(), Instant::now())
    }
}

/// Token buckets: each holds as many as may come in a minute, and fills in a minute.
#[derive(Debug)]
struct Buckets<K> {
    per_minute: f64,
    levels: Mutex<HashMap<K, (f64, Instant)>>,
}

impl<K: Eq + Hash> Buckets<K> {
    fn new(per_minute: u32) -> Self {
        Self {
            per_minute: f64::from(per_minute.max(1)),
            levels: Mutex::default(),
        }
    }

    fn take(&self, key: K, now: Instant) -> Result<(), Refusal> {
        let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        if levels.len() >= MAX_BUCKETS && !levels.contains_key(&key) {
            // A bucket that is full again is as good as a new one.
            levels.retain(|_, (_, since)| now.duration_since(*since) < MINUTE);
            if levels.len() >= MAX_BUCKETS {
                return Err(Refusal::TooMany { retry_after: 60 });
            }
        }
        let (level, since) = levels.entry(key).or_insert((self.per_minute, now));
        let passed = now.duration_since(*since).as_secs_f64() / MINUTE.as_secs_f64();
        *level = (*level + passed * self.per_minute).min(self.per_minute);
        *since = now;
        if *level < 1.0 {
            let wait = (1.0 - *level) * MINUTE.as_secs_f64() / self.per_minute;
            // At most a minute, and so a small number.
            return Err(Refusal::TooMany {
                retry_after: Duration::from_secs_f64(wait).as_secs() + 1,
            });
        }
        *level -= 1.0;
        Ok(())
    }
}

const MINUTE: Duration = Duration::from_secs(60);
/// Some 10 MB.
const MAX_BUCKETS: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills_and_is_nobody_elses() {
        let buckets = Buckets::new(3);
        let start = Instant::now();
        let at = |key: &'static str, seconds| {
            let taken = buckets.take(key, start + Duration::from_secs(seconds));
            match taken {
                Ok(()) => 0,
                Err(Refusal::TooMany { retry_after }) => retry_after,
                Err(_) => u64::MAX,
            }
        };
        assert_eq!([at("a", 0), at("a", 0), at("a", 0)], [0; 3]);
        // One comes in 20 s, and what is left of a second counts as one.
        let about = |seconds: u64, waited: u64| (seconds..=seconds + 1).contains(&waited);
        assert!(about(20, at("a", 0)));
        assert_eq!(at("b", 0), 0);
        assert!(about(1, at("a", 19)));
        assert_eq!(at("a", 21), 0);
        assert!(about(19, at("a", 22)));
    }

    #[test]
    fn a_network_of_64_bits_is_one_address() {
        let rates = Rates::new(&EnrollLimits {
            per_address: 1,
            ..EnrollLimits::default()
        });
        for (address, taken) in [
            ("2001:db8::1", true),
            ("2001:db8::2", false),
            ("2001:db8:0:1::1", true),
            ("192.0.2.1", true),
            ("::ffff:192.0.2.1", false),
        ] {
            let address = address.parse().expect("an address");
            assert_eq!(rates.address(address).is_ok(), taken, "{address}");
        }
    }
}
