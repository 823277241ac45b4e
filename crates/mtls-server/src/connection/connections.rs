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

#[cfg(test)]
mod tests {
    use metrics_util::debugging::{DebugValue, DebuggingRecorder};
    use tokio::{runtime::Handle, time::sleep};

    use super::*;

    fn limited(connections: usize, connections_per_address: usize) -> Arc<Connections> {
        Connections::new(Limits {
            connections,
            connections_per_address,
            ..Limits::default()
        })
    }

    #[test]
    fn there_are_as_many_permits_as_allowed_for_each_address_and_in_all() {
        let connections = limited(4, 2);
        let address = |text: &str| -> IpAddr { text.parse().expect("an address") };
        let mut permits = Vec::new();
        for (from, is_full) in [
            ("2001:db8::1", false),
            ("2001:db8::2", false),
            // The third of one network.
            ("2001:db8::3", true),
            ("192.0.2.1", false),
            ("192.0.2.2", false),
            // The fifth of all.
            ("192.0.2.3", true),
        ] {
            let from = address(from);
            assert_eq!(connections.is_full(from), is_full, "{from}");
            let permit = connections.acquire(from);
            assert_eq!(permit.is_none(), is_full, "{from}");
            permits.extend(permit);
        }
    }

    #[test]
    fn a_permit_that_is_given_back_makes_room_for_one() {
        for connections in [limited(2, 10), limited(10, 2)] {
            let from = IpAddr::from([192, 0, 2, 1]);
            let acquire = || connections.acquire(from);
            let mut permits = [acquire(), acquire()];
            for given_back in [0, 1, 1] {
                assert!(permits.iter().all(Option::is_some));
                assert!(acquire().is_none());
                permits[given_back] = None;
                permits[given_back] = acquire();
            }
            drop(permits);
            let table = connections.lock();
            assert_eq!((table.taken, table.addresses.len()), (0, 0));
        }
    }

    /// A connection that is watched until its socket is closed or dropped.
    struct Open {
        connection: ConnectionIdentity,
        socket: Arc<Socket>,
    }

    /// It has the permit until it is closed.
    struct Socket(Mutex<Option<ConnectionPermit>>);

    impl Socket {
        fn is_open(&self) -> bool {
            self.0.lock().expect("no panic").is_some()
        }
    }

    impl Cut for Socket {
        fn cut(&self) {
            *self.0.lock().expect("no panic") = None;
        }
    }

    impl Open {
        fn new(connections: &Arc<Connections>) -> Self {
            let connection = ConnectionIdentity::mock(None);
            let permit = connections.acquire(connection.peer().ip()).expect("room");
            let socket = Arc::new(Socket(Mutex::default()));
            let weak: Weak<Socket> = Arc::downgrade(&socket);
            connections.watch(&permit, connection.clone(), weak);
            *socket.0.lock().expect("no panic") = Some(permit);
            Self { connection, socket }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_task_sweeps_whenever_anything_is_open() {
        let connections = Connections::new(Limits::default());
        let tasks = || Handle::current().metrics().num_alive_tasks();
        assert_eq!(tasks(), 0);
        // The second time as the first.
        for _ in 0..2 {
            let [ended, good] = [(); 2].map(|()| Open::new(&connections));
            let state = ended.connection.state();
            state.end(End::Shutdown, Duration::ZERO);
            sleep(4 * SWEEP_INTERVAL).await;
            assert_eq!(tasks(), 1);
            assert!(!ended.socket.is_open() && good.socket.is_open());
            assert_eq!(connections.len(), 1);
            drop((ended, good));
            sleep(4 * SWEEP_INTERVAL).await;
            assert_eq!(tasks(), 0);
        }
    }

    #[test]
    fn a_connection_that_is_terminated_twice_is_recorded_once() {
        let recorder = DebuggingRecorder::new();
        let connection = ConnectionIdentity::mock(None);
        for _ in 0..2 {
            let terminate = || terminate(&connection, End::Settings("no-certificate"));
            ::metrics::with_local_recorder(&recorder, terminate);
        }
        let counted = recorder.snapshotter().snapshot().into_vec();
        let counted: Vec<_> = counted.into_iter().map(|(_, _, _, value)| value).collect();
        assert_eq!(counted, [DebugValue::Counter(1)]);
    }
}
