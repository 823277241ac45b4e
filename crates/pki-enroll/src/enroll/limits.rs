//! How often somebody may ask.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mtls_server::address_bucket;
use tokio::time::Instant;

/// More than may be asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Excess {
    /// Seconds until there is room again.
    pub(crate) retry_after: u64,
    /// Once in a minute, for the audit log: how many were refused since the last time that it was said.
    pub(crate) untold: Option<u64>,
}

/// How much one peer may ask for; each field has a default.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct EnrollLimits {
    /// Requests of an address in a minute, and at once: 600. An IPv6 network of 64 bits is one address.
    pub per_address: u32,
    /// Requests of a credential or a certificate in a minute, and at once: 60. A certificate and those that renew it are
    /// one.
    pub per_requester: u32,
    /// Challenges of an address in a minute, and at once: 60.
    pub challenges_per_address: u32,
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
            challenges_per_address: 60,
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
    challenges: Buckets<IpAddr>,
}

impl Rates {
    pub(crate) fn new(limits: &EnrollLimits) -> Self {
        Self {
            addresses: Buckets::new(limits.per_address),
            requesters: Buckets::new(limits.per_requester),
            challenges: Buckets::new(limits.challenges_per_address),
        }
    }

    pub(crate) fn address(&self, address: IpAddr) -> Result<(), Excess> {
        self.addresses.take(address_bucket(address), Instant::now())
    }

    pub(crate) fn challenge(&self, address: IpAddr) -> Result<(), Excess> {
        self.challenges
            .take(address_bucket(address), Instant::now())
    }

    pub(crate) fn requester(&self, requester: &str) -> Result<(), Excess> {
        self.requesters.take(requester.to_owned(), Instant::now())
    }
}

/// Token buckets: each holds as many as may come in a minute, and fills in a minute.
#[derive(Debug)]
struct Buckets<K> {
    per_minute: f64,
    levels: Mutex<HashMap<K, Level>>,
}

#[derive(Debug)]
struct Level {
    left: f64,
    since: Instant,
    /// When somebody was last told that it is empty, and how often it was since.
    told: Option<Instant>,
    untold: u64,
}

impl<K: Eq + Hash> Buckets<K> {
    fn new(per_minute: u32) -> Self {
        Self {
            per_minute: f64::from(per_minute.max(1)),
            levels: Mutex::default(),
        }
    }

    fn take(&self, key: K, now: Instant) -> Result<(), Excess> {
        let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        if levels.len() >= MAX_BUCKETS && !levels.contains_key(&key) {
            // A bucket that is full again is as good as a new one.
            levels.retain(|_, level| now.duration_since(level.since) < MINUTE);
            if levels.len() >= MAX_BUCKETS {
                return Err(Excess {
                    retry_after: 60,
                    untold: None,
                });
            }
        }
        let level = levels.entry(key).or_insert(Level {
            left: self.per_minute,
            since: now,
            told: None,
            untold: 0,
        });
        let passed = now.duration_since(level.since).as_secs_f64() / MINUTE.as_secs_f64();
        level.left = (level.left + passed * self.per_minute).min(self.per_minute);
        level.since = now;
        if level.left < 1.0 {
            let wait = (1.0 - level.left) * MINUTE.as_secs_f64() / self.per_minute;
            return Err(Excess {
                // At most a minute, and so a small number.
                retry_after: Duration::from_secs_f64(wait).as_secs() + 1,
                untold: level.tell(now),
            });
        }
        level.left -= 1.0;
        Ok(())
    }
}

impl Level {
    /// How many were refused that nobody was told of, if it is time to tell: what costs nothing to send is not to fill a log.
    fn tell(&mut self, now: Instant) -> Option<u64> {
        if self.told.is_some_and(|at| now.duration_since(at) < MINUTE) {
            self.untold += 1;
            return None;
        }
        self.told = Some(now);
        Some(std::mem::take(&mut self.untold))
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
                Err(excess) => excess.retry_after,
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
    fn a_refusal_is_told_once_in_a_minute_with_the_number_of_those_in_between() {
        let buckets = Buckets::new(1);
        let start = Instant::now();
        let told = |seconds| {
            let at = start + Duration::from_secs(seconds);
            buckets.take("a", at).err().map(|excess| excess.untold)
        };
        assert_eq!(told(0), None);
        assert_eq!(told(1), Some(Some(0)));
        assert_eq!([told(2), told(59), told(59)], [Some(None); 3]);
        // It was refilled in between, and is taken and told again.
        assert_eq!(told(60), None);
        assert_eq!(told(61), Some(Some(3)));
        assert_eq!(told(62), Some(None));
        let other = buckets.take("b", start + Duration::from_secs(62));
        assert_eq!(other, Ok(()));
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
