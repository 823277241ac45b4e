//! The settings in force, and what happens when others take their place.
//!
//! Settings are immutable and exchanged as a whole: a handshake sees one generation from its first
//! byte to its last. Sessions belong to the generation they began in. Open connections are judged
//! again by each new one.

use std::{
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rustls::pki_types::UnixTime;
use time::OffsetDateTime;
use tokio::{sync::watch, task::spawn_blocking};

use crate::{
    config::mtls_config::MtlsConfig,
    connection::{
        connections::{self, Connections},
        end::End,
        half_open::HalfOpen,
        identity::ConnectionIdentity,
    },
    observe::metrics,
    reload::status::{Degraded, Status},
    rules::rule::Rule,
    verify::client_auth::ClientAuth,
};

/// What all clones of a door share.
#[derive(Debug)]
pub(crate) struct Generations {
    current: RwLock<Arc<Generation>>,
    /// One exchange at a time.
    exchange: Mutex<()>,
    /// One reload at a time, from the first look at its files to the exchange.
    pub(crate) reload: tokio::sync::Mutex<()>,
    status: watch::Sender<Status>,
    pub(crate) half_open: Arc<HalfOpen>,
    pub(crate) connections: Arc<Connections>,
    pub(crate) stopping: AtomicBool,
}

/// Settings, and their number.
#[derive(Debug)]
pub(crate) struct Generation {
    pub(crate) number: u64,
    pub(crate) config: MtlsConfig,
}

impl Generations {
    pub(crate) fn new(config: MtlsConfig) -> Arc<Self> {
        let limits = config.limits();
        let half_open = HalfOpen::new(limits.half_open, limits.half_open_per_address);
        let connections = Connections::new(limits.clone());
        let first = Generation { number: 1, config };
        let status = watch::Sender::new(first.status());
        first.measure();
        Arc::new(Self {
            current: RwLock::new(Arc::new(first)),
            exchange: Mutex::default(),
            reload: tokio::sync::Mutex::default(),
            status,
            half_open,
            connections,
            stopping: AtomicBool::new(false),
        })
    }

    pub(crate) fn current(&self) -> Arc<Generation> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current)
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// Puts `config` into force, and judges all open connections by it; the new number.
    pub(crate) fn replace(&self, config: MtlsConfig) -> u64 {
        let _one_at_a_time = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.current();
        config.inherit(&before.config);
        let next = Arc::new(Generation {
            number: before.number + 1,
            config,
        });
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&next);
        self.status.send_replace(next.status());
        next.measure();
        tracing::info!(
            target: "mtls_server",
            generation = next.number,
            "new settings are in force",
        );
        // A handshake that began before may still be let in by the old settings after this look:
        // the door compares the generation once more when it has let somebody in.
        for connection in self.connections.all() {
            if let Some(end) = judge(&next.config, &connection) {
                connections::condemn(&connection, end);
            }
        }
        self.connections.close_due();
        next.number
    }

    /// Notes that newer settings could not be taken.
    pub(crate) fn degrade(&self, reason: String) {
        tracing::error!(
            target: "mtls_server",
            reason,
            "not everything could be loaded: what is in force stays",
        );
        self.status.send_modify(|status| {
            let since = status.degraded.as_ref().map(|degraded| degraded.since);
            let since = since.unwrap_or_else(OffsetDateTime::now_utc);
            status.degraded = Some(Degraded { since, reason });
        });
    }

    /// Notes that the settings in force are the newest there are.
    pub(crate) fn recover(&self) {
        self.status
            .send_if_modified(|status| status.degraded.take().is_some());
    }

    /// Judges all open connections by the settings in force: time may have ended a list.
    pub(crate) async fn judge_all(self: &Arc<Self>) {
        let generations = Arc::clone(self);
        let judged = spawn_blocking(move || {
            let config = &generations.current().config;
            for connection in generations.connections.all() {
                if let Some(end @ End::Certificate(_)) = judge(config, &connection) {
                    connections::condemn(&connection, end);
                }
            }
            generations.connections.close_due();
        });
        // Fails only where the runtime ends.
        let _ = judged.await;
    }

    /// Shuts out whom `rule` means, from now on and on open connections; how many those are.
    pub(crate) fn revoke(&self, rule: Rule) -> usize {
        let _no_exchange = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        let config = &self.current().config;
        config.revoked().add(rule, OffsetDateTime::now_utc());
        let mut ended = 0;
        for connection in self.connections.all() {
            if let Some(end @ End::Certificate(_)) = judge(config, &connection) {
                connections::condemn(&connection, end);
                ended += 1;
            }
        }
        self.connections.close_due();
        ended
    }

    /// Judges a connection that was let in by `by` and is watched now, if other settings have come
    /// into force since, or its client was shut out: whoever looked at all connections meanwhile has
    /// not seen this one.
    pub(crate) fn recheck(&self, by: &Generation, connection: &ConnectionIdentity) {
        let current = self.current();
        let end = match current.number == by.number {
            true => connection.client().and_then(|client| {
                let error = current.config.revoked().check(client).err()?;
                Some(End::Certificate(error.code()))
            }),
            false => judge(&current.config, connection),
        };
        if let Some(end) = end {
            connections::condemn(connection, end);
        }
        if self.stopping.load(Ordering::SeqCst) {
            connection.live().end(End::Shutdown, STOPPING);
        }
    }

    /// Ends all connections, those with a running request when it is answered.
    pub(crate) fn stop(&self, grace: Duration) {
        self.stopping.store(true, Ordering::SeqCst);
        for connection in self.connections.all() {
            connection.live().end(End::Shutdown, grace);
        }
    }
}

/// For a handshake that ends after the server was stopped.
const STOPPING: Duration = Duration::from_secs(1);

/// Whether a connection has to end under these settings.
fn judge(config: &MtlsConfig, connection: &ConnectionIdentity) -> Option<End> {
    let site = config.site(connection.tls().server_name());
    let client = connection.client();
    match client.map(|client| site.judge.judge_again(client, UnixTime::now())) {
        None if site.client_auth == ClientAuth::Required => {
            return Some(End::Settings("no-certificate"));
        }
        Some(Err(error)) => return Some(End::Certificate(error.code())),
        None | Some(Ok(_)) => {}
    }
    let same_rule = match (&site.host.rule, &connection.host().rule) {
        (None, None) => true,
        (Some(new), Some(old)) => new.is(old),
        _ => false,
    };
    let same_trust = match (config.trust_forwarded(), connection.trust_forwarded()) {
        (None, None) => true,
        (Some(new), Some(old)) => Arc::ptr_eq(new, old),
        _ => false,
    };
    (!(same_rule && same_trust)).then_some(End::Reloaded)
}

impl Generation {
    fn measure(&self) {
        let config = &self.config;
        metrics::generation(self.number, config.identity_ends(), config.crl_figures());
    }

    /// As it comes into force.
    fn status(&self) -> Status {
        Status {
            generation: self.number,
            since: OffsetDateTime::now_utc(),
            degraded: None,
            identity_ends: self.config.identity_ends(),
        }
    }
}
