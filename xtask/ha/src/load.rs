//! Clients that issue and revoke, and remember what was acknowledged.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use pki_core::{KeyKind, KeyPair};
use tokio::task::JoinSet;

use crate::http::Client;

/// What was acknowledged, and when.
#[derive(Default)]
pub(crate) struct Acknowledged {
    /// By name, the serial number.
    pub(crate) issued: BTreeMap<String, String>,
    /// Serial numbers.
    pub(crate) revoked: Vec<String>,
    /// When each certificate was.
    pub(crate) moments: Vec<Instant>,
}

/// Clients at work.
pub(crate) struct Load {
    pub(crate) acknowledged: Arc<Mutex<Acknowledged>>,
    pub(crate) repeated: Arc<AtomicUsize>,
    clients: JoinSet<Result<()>>,
}

impl Load {
    /// `certificates` in all, of which each tenth is revoked, from these processes in turn. Names begin with `phase`.
    pub(crate) fn start(
        processes: &[SocketAddr],
        phase: usize,
        certificates: usize,
    ) -> Result<Self> {
        let acknowledged: Arc<Mutex<Acknowledged>> = Arc::default();
        let (next, repeated) = (Arc::new(AtomicUsize::new(0)), Arc::default());
        let mut clients = JoinSet::new();
        for number in 0..CLIENTS {
            let client = One {
                processes: processes.to_vec(),
                turn: number,
                phase,
                key: KeyPair::generate(KeyKind::P256)?.public_key_der().to_vec(),
                acknowledged: Arc::clone(&acknowledged),
                repeated: Arc::clone(&repeated),
            };
            let next = Arc::clone(&next);
            clients.spawn(client.run(next, certificates));
        }
        Ok(Self {
            acknowledged,
            repeated,
            clients,
        })
    }

    /// How many certificates were acknowledged.
    pub(crate) fn count(&self) -> usize {
        lock(&self.acknowledged).issued.len()
    }

    /// Waits until so many were.
    pub(crate) async fn reaches(&self, count: usize) {
        while self.count() < count {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until all is done.
    pub(crate) async fn finish(&mut self) -> Result<()> {
        while let Some(ended) = self.clients.join_next().await {
            ended??;
        }
        Ok(())
    }

    /// The longest time without a certificate that includes some moment after `fault`, and until `end`.
    pub(crate) fn longest_pause(&self, fault: Instant, end: Instant) -> Duration {
        let moments = lock(&self.acknowledged).moments.clone();
        let moments = moments.into_iter().filter(|it| *it < end);
        let mut last = fault;
        let mut longest = Duration::ZERO;
        for moment in moments.filter(|it| *it >= fault).chain([end]) {
            longest = longest.max(moment - last);
            last = moment;
        }
        longest
    }
}

struct One {
    processes: Vec<SocketAddr>,
    turn: usize,
    phase: usize,
    key: Vec<u8>,
    acknowledged: Arc<Mutex<Acknowledged>>,
    repeated: Arc<AtomicUsize>,
}

impl One {
    async fn run(mut self, next: Arc<AtomicUsize>, certificates: usize) -> Result<()> {
        let mut connection = Client::new(self.process());
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= certificates {
                return Ok(());
            }
            let name = format!("p{}-{number}", self.phase);
            let key = self.key.clone();
            let path = format!("/issue/{name}");
            let serial = self.insist(&mut connection, &path, &key).await;
            {
                let mut acknowledged = lock(&self.acknowledged);
                acknowledged.issued.insert(name, serial.clone());
                acknowledged.moments.push(Instant::now());
            }
            if number.is_multiple_of(10) {
                let path = format!("/revoke/{serial}");
                self.insist(&mut connection, &path, &[]).await;
                lock(&self.acknowledged).revoked.push(serial);
            }
        }
    }

    /// Asks again until there is an answer, each time another process.
    async fn insist(&mut self, connection: &mut Client, path: &str, body: &[u8]) -> String {
        loop {
            let body = body.to_vec();
            match connection.send("POST", path, body, LIMIT).await {
                Ok(answer) => return String::from_utf8_lossy(&answer).into_owned(),
                Err(_) => {
                    self.repeated.fetch_add(1, Ordering::Relaxed);
                    self.turn += 1;
                    *connection = Client::new(self.process());
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn process(&self) -> SocketAddr {
        let at = self.turn % self.processes.len().max(1);
        self.processes
            .get(at)
            .copied()
            .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)))
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const CLIENTS: usize = 16;
/// How long a client waits for an answer before it asks somebody else.
const LIMIT: Duration = Duration::from_secs(10);
