//! All open connections: how many there may be, and the task that watches them.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use crate::{
    config::limits::Limits,
    connection::{
        address::bucket,
        clock::{Clock, Tick},
        end::End,
        identity::ConnectionIdentity,
    },
    observe::{audit, metrics},
};

/// The socket of a connection, to be closed from outside.
pub(crate) trait Cut: Send + Sync {
    fn cut(&self);
}

/// The connections that were let in and are still open.
#[derive(Debug)]
pub(crate) struct Connections {
    clock: Arc<Clock>,
    limits: Limits,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    entries: HashMap<u64, Entry>,
    /// Seats that are taken: some moments before a connection is watched, and as long as it is open.
    taken: usize,
    addresses: HashMap<IpAddr, usize>,
    watched: bool,
}

struct Entry {
    connection: ConnectionIdentity,
    socket: Weak<dyn Cut>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.connection.fmt(f)
    }
}

/// A connection's place among the others, given back on drop.
#[derive(Debug)]
pub(crate) struct Seat {
    id: u64,
    address: IpAddr,
    connections: Arc<Connections>,
}

impl Connections {
    pub(crate) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            clock: Arc::new(Clock::new()),
            limits,
            table: Mutex::default(),
        })
    }

    pub(crate) fn clock(&self) -> &Arc<Clock> {
        &self.clock
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().entries.len()
    }

    /// Whether one more from there would be too many.
    pub(crate) fn is_full(&self, peer: IpAddr) -> bool {
        self.lock().is_full(bucket(peer), &self.limits)
    }

    /// Takes a seat, if there is one.
    pub(crate) fn enter(self: &Arc<Self>, peer: IpAddr) -> Option<Seat> {
        let address = bucket(peer);
        let mut table = self.lock();
        if table.is_full(address, &self.limits) {
            return None;
        }
        let id = table.next;
        table.next += 1;
        table.taken += 1;
        *table.addresses.entry(address).or_default() += 1;
        metrics::connections(table.taken);
        Some(Seat {
            id,
            address,
            connections: Arc::clone(self),
        })
    }

    /// Watches a connection that has taken a seat from now on.
    pub(crate) fn watch(
        self: &Arc<Self>,
        seat: &Seat,
        connection: ConnectionIdentity,
        socket: Weak<dyn Cut>,
    ) {
        let mut table = self.lock();
        let entry = Entry { connection, socket };
        table.entries.insert(seat.id, entry);
        if !table.watched {
            table.watched = true;
            let watch = Watch {
                connections: Arc::downgrade(self),
                finished: false,
            };
            tokio::spawn(watch.until_all_are_gone());
        }
    }

    /// Those that are open now.
    pub(crate) fn all(&self) -> Vec<ConnectionIdentity> {
        let table = self.lock();
        let connections = table.entries.values();
        connections.map(|entry| entry.connection.clone()).collect()
    }

    /// Ends what is overdue and closes what was ended; false when nothing is open any more.
    fn look(&self) -> bool {
        let now = self.clock.advance();
        let mut ended = Vec::new();
        let mut table = self.lock();
        for entry in table.entries.values() {
            let live = entry.connection.live();
            if let Some((end, grace)) = live.overdue(now, &self.limits) {
                live.end(end, grace);
                ended.push((entry.connection.clone(), end));
            }
            live.doze();
        }
        let cut = table.due(now);
        let more = !table.entries.is_empty();
        table.watched = more;
        drop(table);
        // Outside of the lock, as logs may take time.
        for (connection, end) in ended {
            audit::ended(connection.audited(), end.code(), end.condemns());
        }
        close(cut);
        more
    }

    /// Closes at once what was ended without grace.
    pub(crate) fn close_due(&self) {
        let cut = self.lock().due(self.clock.advance());
        close(cut);
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // No code that can panic runs under the lock.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes sockets, outside of the lock, as that gives their seats back.
fn close(sockets: Vec<Arc<dyn Cut>>) {
    for socket in sockets {
        socket.cut();
    }
}

/// Ends a connection whose certificate, or whose site, is no longer good.
pub(crate) fn condemn(connection: &ConnectionIdentity, end: End) {
    if connection
        .live()
        .end(end, crate::connection::end::end_grace(end))
    {
        audit::ended(connection.audited(), end.code(), end.condemns());
    }
}

/// The task that looks at all connections.
struct Watch {
    connections: Weak<Connections>,
    finished: bool,
}

impl Watch {
    async fn until_all_are_gone(mut self) {
        while !self.finished {
            tokio::time::sleep(LOOK).await;
            let more = self.connections.upgrade().is_some_and(|all| all.look());
            self.finished = !more;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Where its runtime has ended, or a subscriber of the logs has panicked, the next
        // connection begins another.
        if let Some(connections) = self.connections.upgrade().filter(|_| !self.finished) {
            connections.lock().watched = false;
        }
    }
}

const LOOK: Duration = Duration::from_millis(250);

impl Table {
    /// The sockets whose time is over.
    fn due(&self, now: Tick) -> Vec<Arc<dyn Cut>> {
        let due = self.entries.values();
        let due = due.filter(|entry| entry.connection.live().is_cut(now));
        due.filter_map(|entry| entry.socket.upgrade()).collect()
    }

    fn is_full(&self, address: IpAddr, limits: &Limits) -> bool {
        let of_address = self.addresses.get(&address).copied().unwrap_or(0);
        of_address >= limits.connections_per_address || self.taken >= limits.connections
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // Dropped when the lock is given back, as it may be the last to hold what it refers to.
        let _entry;
        let mut table = self.connections.lock();
        _entry = table.entries.remove(&self.id);
        table.taken -= 1;
        metrics::connections(table.taken);
        if let Some(count) = table.addresses.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                table.addresses.remove(&self.address);
            }
        }
    }
}
