//! Which connections there are, and which one of them makes room for another.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use mtls_server::address_bucket;
use tokio::task::{AbortHandle, Id};

/// The open connections, by the address that they are from.
///
/// Where there are as many as allowed, whoever has most of them loses the oldest. So nobody keeps others out but with as
/// many addresses as there may be connections.
#[derive(Debug, Default)]
pub(super) struct Open {
    /// Those of each address, by the order in which they came.
    by_address: HashMap<IpAddr, BTreeMap<u64, AbortHandle>>,
    of_task: HashMap<Id, (IpAddr, u64)>,
    came: u64,
}

impl Open {
    pub(super) fn add(&mut self, peer: IpAddr, task: AbortHandle) {
        let address = address_bucket(peer);
        self.came += 1;
        self.of_task.insert(task.id(), (address, self.came));
        let same = self.by_address.entry(address).or_default();
        same.insert(self.came, task);
    }

    /// One that has ended.
    pub(super) fn remove(&mut self, task: Id) {
        if let Some((address, came)) = self.of_task.remove(&task) {
            self.take(address, came);
        }
    }

    /// Ends one connection.
    pub(super) fn make_room(&mut self) {
        let oldest = |(address, same): (&IpAddr, &BTreeMap<u64, AbortHandle>)| {
            let came = *same.keys().next()?;
            Some((same.len(), Reverse(came), *address))
        };
        let Some((_, Reverse(came), address)) = self.by_address.iter().filter_map(oldest).max()
        else {
            return;
        };
        if let Some(task) = self.take(address, came) {
            task.abort();
        }
    }

    fn take(&mut self, address: IpAddr, came: u64) -> Option<AbortHandle> {
        let same = self.by_address.get_mut(&address)?;
        let task = same.remove(&came);
        if same.is_empty() {
            self.by_address.remove(&address);
        }
        task
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::future::pending;

    use tokio::task::JoinSet;

    use super::*;

    #[tokio::test]
    async fn whoever_has_most_connections_loses_the_oldest() {
        let (mut open, mut tasks) = (Open::default(), JoinSet::new());
        let mut ids = Vec::new();
        for peer in [
            "192.0.2.1",
            "2001:db8::1",
            "2001:db8::2",
            "::ffff:192.0.2.7",
            "2001:db8::3",
            "192.0.2.7",
        ] {
            let task = tasks.spawn(pending::<()>());
            ids.push(task.id());
            open.add(peer.parse().unwrap(), task);
        }
        // The /64 has three, 192.0.2.7 two; then each has two, one and one.
        for ended in [1, 2, 3, 0, 4, 5] {
            open.make_room();
            let error = tasks.join_next_with_id().await.unwrap().unwrap_err();
            assert!(error.is_cancelled());
            assert_eq!(error.id(), ids[ended]);
            open.remove(error.id());
        }
        open.make_room();
        assert!(tasks.is_empty() && open.by_address.is_empty() && open.of_task.is_empty());
    }

    #[tokio::test]
    async fn what_has_ended_makes_no_room() {
        let (mut open, mut tasks) = (Open::default(), JoinSet::new());
        let (short, long) = (tasks.spawn(async {}), tasks.spawn(pending::<()>()));
        let peer = IpAddr::from([192, 0, 2, 1]);
        open.add(peer, short);
        open.add(peer, long);
        let (id, ()) = tasks.join_next_with_id().await.unwrap().unwrap();
        open.remove(id);
        open.make_room();
        assert!(tasks.join_next().await.unwrap().is_err());
    }
}
