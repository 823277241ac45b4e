//! Connections whose handshake is not finished: how many there may be, and who makes room.
//!
//! A silent or slow peer costs a socket and a task before anything is known about it. If a full
//! table refused newcomers, 64 silent sockets could lock out an address for ten seconds. So the
//! *oldest* unfinished connection makes room instead: a real handshake takes some milliseconds, and
//! one that is held open is always the oldest.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use crate::{connection::address::address_bucket, observe::metrics};

/// The connections that are between TCP accept and the end of their handshake.
#[derive(Debug)]
pub(crate) struct HalfOpen {
    total: usize,
    per_address: usize,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    entries: BTreeMap<u64, Entry>,
    addresses: HashMap<IpAddr, BTreeSet<u64>>,
}

#[derive(Debug)]
struct Entry {
    address: Option<IpAddr>,
    evict: oneshot::Sender<()>,
}

/// Permission for one unfinished handshake, given back on drop.
#[derive(Debug)]
pub(crate) struct HalfOpenPermit {
    id: u64,
    table: Arc<HalfOpen>,
}

impl HalfOpen {
    pub(crate) fn new(total: usize, per_address: usize) -> Arc<Self> {
        Arc::new(Self {
            total: total.max(1),
            per_address: per_address.max(1),
            table: Mutex::default(),
        })
    }

    /// A permit for `peer`; the receiver fires when a newer connection needs it. A peer whose address
    /// is not known yet counts towards the total only.
    pub(crate) fn acquire(
        self: &Arc<Self>,
        peer: impl Into<Option<IpAddr>>,
    ) -> (HalfOpenPermit, oneshot::Receiver<()>) {
        let address = peer.into().map(address_bucket);
        let (evict, evicted) = oneshot::channel();
        let mut table = self.lock();
        let table = &mut *table;
        let crowd = address.and_then(|address| table.addresses.get(&address));
        let oldest = match crowd {
            Some(ids) if ids.len() >= self.per_address => ids.first().copied(),
            _ if table.entries.len() >= self.total => {
                table.entries.first_key_value().map(|(id, _)| *id)
            }
            _ => None,
        };
        if let Some(entry) = oldest.and_then(|id| table.remove(id)) {
            // If the receiver is closed, this connection is ending anyway.
            let _ = entry.evict.send(());
        }
        let id = table.next;
        table.next += 1;
        table.entries.insert(id, Entry { address, evict });
        if let Some(address) = address {
            table.addresses.entry(address).or_default().insert(id);
        }
        metrics::half_open(table.entries.len());
        let permit = HalfOpenPermit {
            id,
            table: Arc::clone(self),
        };
        (permit, evicted)
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().entries.len()
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // No code that can panic runs under the lock; a poisoned table is a whole table.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn remove(&mut self, id: u64) -> Option<Entry> {
        let entry = self.entries.remove(&id)?;
        if let Some(address) = entry.address
            && let Some(ids) = self.addresses.get_mut(&address)
        {
            ids.remove(&id);
            if ids.is_empty() {
                self.addresses.remove(&address);
            }
        }
        Some(entry)
    }
}

impl Drop for HalfOpenPermit {
    fn drop(&mut self) {
        // An evicted connection has left the table already.
        let mut table = self.table.lock();
        table.remove(self.id);
        metrics::half_open(table.entries.len());
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn v4(last: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, last).into()
    }

    #[test]
    fn a_permit_comes_back_when_dropped() {
        let table = HalfOpen::new(8, 4);
        let (permit, _evicted) = table.acquire(v4(1));
        assert_eq!(table.len(), 1);
        drop(permit);
        assert_eq!(table.len(), 0);
        assert!(table.lock().addresses.is_empty());
    }

    #[test]
    fn the_oldest_of_a_crowded_address_makes_room_and_others_do_not() {
        let table = HalfOpen::new(8, 2);
        let (_other, mut other) = table.acquire(v4(9));
        let (_first, mut first) = table.acquire(v4(1));
        let (_second, mut second) = table.acquire(v4(1));
        let (_third, mut third) = table.acquire(v4(1));
        assert!(first.try_recv().is_ok());
        for kept in [&mut other, &mut second, &mut third] {
            assert!(kept.try_recv().is_err());
        }
        assert_eq!(table.len(), 3);
    }

    #[test]
    fn the_oldest_of_all_makes_room_when_the_table_is_full() {
        let table = HalfOpen::new(2, 2);
        let (_first, mut first) = table.acquire(v4(1));
        let (_second, mut second) = table.acquire(v4(2));
        let (_third, _) = table.acquire(v4(3));
        assert!(first.try_recv().is_ok());
        assert!(second.try_recv().is_err());
        assert_eq!(table.len(), 2);
    }

    #[test]
    fn a_connection_without_an_address_crowds_none_and_counts_in_all() {
        let table = HalfOpen::new(3, 1);
        let (_first, mut first) = table.acquire(None);
        let (_second, mut second) = table.acquire(None);
        let (_third, mut third) = table.acquire(v4(1));
        for kept in [&mut first, &mut second, &mut third] {
            assert!(kept.try_recv().is_err());
        }
        let (_fourth, _) = table.acquire(None);
        assert!(first.try_recv().is_ok());
        assert_eq!(table.len(), 3);
    }
}
