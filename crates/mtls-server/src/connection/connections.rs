//! All open connections: how many there may be, and the task that sweeps them.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use crate::{
    config::limits::Limits,
    connection::{
        address::address_bucket,
        clock::{Clock, Tick},
        end::End,
        identity::ConnectionIdentity,
    },
    observe::{audit, metrics},
};

/// The socket of a connection, which can be closed from outside.
pub(crate) trait Cut: Send + Sync {
    fn cut(&self);
}

/// The connections that were accepted and are still open.
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
    /// Permits that are given out: from shortly before a connection is watched until it is closed.
    taken: usize,
    addresses: HashMap<IpAddr, usize>,
    swept: bool,
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

/// Permission for one open connection, given back on drop.
#[derive(Debug)]
pub(crate) struct ConnectionPermit {
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

    /// Whether one more connection from there would be too many.
    pub(crate) fn is_full(&self, peer: IpAddr) -> bool {
        self.lock().is_full(address_bucket(peer), &self.limits)
    }

    /// A permit, if there is one.
    pub(crate) fn acquire(self: &Arc<Self>, peer: IpAddr) -> Option<ConnectionPermit> {
        let address = address_bucket(peer);
        let mut table = self.lock();
        if table.is_full(address, &self.limits) {
            return None;
        }
        let id = table.next;
        table.next += 1;
        table.taken += 1;
        *table.addresses.entry(address).or_default() += 1;
        metrics::connections(table.taken);
        Some(ConnectionPermit {
            id,
            address,
            connections: Arc::clone(self),
        })
    }

    /// Sweeps a connection that has a permit from now on.
    pub(crate) fn watch(
        self: &Arc<Self>,
        permit: &ConnectionPermit,
        connection: ConnectionIdentity,
        socket: Weak<dyn Cut>,
    ) {
        let mut table = self.lock();
        let entry = Entry { connection, socket };
        table.entries.insert(permit.id, entry);
        if !table.swept {
            table.swept = true;
            let sweeper = Sweeper {
                connections: Arc::downgrade(self),
                finished: false,
            };
            tokio::spawn(sweeper.run());
        }
    }

    /// Those that are open now.
    pub(crate) fn all(&self) -> Vec<ConnectionIdentity> {
        let table = self.lock();
        let connections = table.entries.values();
        connections.map(|entry| entry.connection.clone()).collect()
    }

    /// Ends what is overdue and closes what was ended; false when nothing is open any more.
    fn sweep(&self) -> bool {
        let now = self.clock.advance();
        let mut ended = Vec::new();
        let mut table = self.lock();
        for entry in table.entries.values() {
            let state = entry.connection.state();
            if let Some((end, grace)) = state.overdue(now, &self.limits) {
                state.end(end, grace);
                ended.push((entry.connection.clone(), end));
            }
            state.note_idle();
        }
        let cut = table.due(now);
        let more = !table.entries.is_empty();
        table.swept = more;
        drop(table);
        // Outside of the lock, as logs may take time.
        for (connection, end) in ended {
            audit::ended(connection.audited(), end.code(), end.terminates());
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

/// Closes sockets. The table must not be locked, as closing gives permits back.
fn close(sockets: Vec<Arc<dyn Cut>>) {
    for socket in sockets {
        socket.cut();
    }
}

/// Ends a connection, and records it.
pub(crate) fn terminate(connection: &ConnectionIdentity, end: End) {
    if connection
        .state()
        .end(end, crate::connection::end::end_grace(end))
    {
        audit::ended(connection.audited(), end.code(), end.terminates());
    }
}

/// The task that sweeps all connections.
struct Sweeper {
    connections: Weak<Connections>,
    finished: bool,
}

impl Sweeper {
    /// Until no connection is left.
    async fn run(mut self) {
        while !self.finished {
            tokio::time::sleep(SWEEP_INTERVAL).await;
            let more = self.connections.upgrade().is_some_and(|all| all.sweep());
            self.finished = !more;
        }
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        // Where its runtime has ended, or a subscriber of the logs has panicked, the next
        // connection starts another.
        if let Some(connections) = self.connections.upgrade().filter(|_| !self.finished) {
            connections.lock().swept = false;
        }
    }
}

const SWEEP_INTERVAL: Duration = Duration::from_millis(250);

impl Table {
    /// The sockets whose time is over.
    fn due(&self, now: Tick) -> Vec<Arc<dyn Cut>> {
        let due = self.entries.values();
        let due = due.filter(|entry| entry.connection.state().is_cut(now));
        due.filter_map(|entry| entry.socket.upgrade()).collect()
    }

    fn is_full(&self, address: IpAddr, limits: &Limits) -> bool {
        let of_address = self.addresses.get(&address).copied().unwrap_or(0);
        of_address >= limits.connections_per_address || self.taken >= limits.connections
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        // Dropped after the lock, as it may be the last owner of what it refers to.
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
