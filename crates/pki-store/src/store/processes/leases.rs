//! When the lease of another process is over.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::commit::Seen;

/// Leases of others, and since when they have been as they are.
#[derive(Default)]
pub(in crate::store) struct Leases(Mutex<HashMap<String, (Seen, Instant)>>);

impl Leases {
    /// Whether it has been like that for `period`.
    pub(super) fn is_over(&self, name: &str, found: &Seen, period: Duration) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get(name) {
            Some((seen, since)) if seen == found => since.elapsed() > period,
            _ => {
                known.insert(name.to_owned(), (found.clone(), Instant::now()));
                false
            }
        }
    }
}
