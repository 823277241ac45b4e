//! Which database, and new connections to it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio_postgres::config::TargetSessionAttrs;

use super::access::Access;
use super::postgres::PostgresSession;
use super::session::Session;
use super::sqlite::SqliteSession;
use crate::url::Server;
use crate::{StoreError, StoreUrl};

/// A database, and how long to wait for other writers.
#[derive(Clone)]
pub(crate) struct Target {
    place: Place,
    access: Access,
    lock_timeout: Duration,
    /// How often the server was lost.
    losses: Arc<AtomicU64>,
}

#[derive(Clone)]
enum Place {
    Sqlite(PathBuf),
    Postgres(Box<Server>),
}

impl Target {
    pub(crate) fn new(
        url: &StoreUrl,
        access: Access,
        lock_timeout: Duration,
    ) -> Result<Self, StoreError> {
        let place = match url {
            StoreUrl::Sqlite(path) => Place::Sqlite(path.clone()),
            StoreUrl::Postgres(server) => {
                let mut server = server.server().map_err(|reason| StoreError::Address {
                    url: url.to_string(),
                    reason,
                })?;
                let config = &mut server.config;
                if config.get_connect_timeout().is_none() {
                    config.connect_timeout(CONNECT_TIMEOUT);
                }
                // After a cut nobody says that the other side is gone.
                if config.get_tcp_user_timeout().is_none() {
                    config.tcp_user_timeout(UNANSWERED);
                }
                if config.get_keepalives_idle() == KEEPALIVE_OF_OTHERS {
                    config.keepalives_idle(KEEPALIVE);
                }
                if config.get_keepalives_interval().is_none() {
                    config.keepalives_interval(KEEPALIVE_INTERVAL);
                }
                if config.get_keepalives_retries().is_none() {
                    config.keepalives_retries(KEEPALIVE_RETRIES);
                }
                if config.get_application_name().is_none() {
                    config.application_name("pki-store");
                }
                let any = config.get_target_session_attrs() == TargetSessionAttrs::Any;
                if access != Access::Read && any {
                    config.target_session_attrs(TargetSessionAttrs::ReadWrite);
                }
                Place::Postgres(Box::new(server))
            }
        };
        Ok(Self {
            place,
            access,
            lock_timeout,
            losses: Arc::default(),
        })
    }

    /// Whether it is only read.
    pub(crate) fn is_read_only(&self) -> bool {
        self.access == Access::Read
    }

    /// Whether it is made where it is not there.
    pub(crate) fn may_be_made(&self) -> bool {
        self.access == Access::Create
    }

    /// The same once it is there: what is lost later is not made again, and empty.
    pub(crate) fn made(mut self) -> Self {
        if self.may_be_made() {
            self.access = Access::Write;
        }
        self
    }

    /// The server was lost, and with it every connection that was made before: another one may lead now.
    pub(crate) fn lost(&self) {
        self.losses.fetch_add(1, Ordering::Relaxed);
    }

    /// How often that was.
    pub(crate) fn losses(&self) -> u64 {
        self.losses.load(Ordering::Relaxed)
    }

    /// Whether its sessions never wait, and so want threads of their own.
    pub(crate) fn blocks(&self) -> bool {
        matches!(self.place, Place::Sqlite(_))
    }

    /// Opens a connection.
    pub(crate) async fn connect(&self) -> Result<Session, StoreError> {
        match &self.place {
            Place::Sqlite(path) => Ok(Session::Sqlite(SqliteSession::open(
                path,
                self.access,
                self.lock_timeout,
            )?)),
            Place::Postgres(server) => {
                let timeout = self.lock_timeout.as_millis();
                let session = PostgresSession::connect(server, timeout).await?;
                Ok(Session::Postgres(Box::new(session)))
            }
        }
    }
}

/// How long what was sent may stay without an acknowledgement of the network.
const UNANSWERED: Duration = Duration::from_secs(5);

/// What waits for an answer asks now and then whether the other side is there.
const KEEPALIVE: Duration = Duration::from_secs(3);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(1);
const KEEPALIVE_RETRIES: u32 = 3;
/// What `tokio-postgres` has where a URL says nothing.
const KEEPALIVE_OF_OTHERS: Duration = Duration::from_secs(2 * 60 * 60);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    fn config(url: &str, access: Access) -> tokio_postgres::Config {
        let url = url.parse().expect("a URL");
        let target = Target::new(&url, access, Duration::ZERO).expect("a target");
        match target.place {
            Place::Postgres(server) => server.config,
            Place::Sqlite(path) => unreachable!("{}", path.display()),
        }
    }

    #[test]
    fn who_writes_looks_for_the_primary_and_who_reads_takes_any() {
        let hosts = "postgres://ca@a,b:5433,c/ca";
        let writing = config(hosts, Access::Write);
        assert_eq!(writing.get_hosts().len(), 3);
        assert_eq!(
            writing.get_target_session_attrs(),
            TargetSessionAttrs::ReadWrite
        );
        let reading = config(hosts, Access::Read);
        assert_eq!(reading.get_target_session_attrs(), TargetSessionAttrs::Any);
    }

    #[test]
    fn a_server_that_is_gone_is_noticed_unless_the_url_says_when() {
        let config_of = |query: &str| config(&format!("postgres://a/ca{query}"), Access::Write);
        let plain = config_of("");
        assert_eq!(plain.get_tcp_user_timeout(), Some(&UNANSWERED));
        assert_eq!(plain.get_connect_timeout(), Some(&CONNECT_TIMEOUT));
        assert_eq!(plain.get_keepalives_idle(), KEEPALIVE);
        assert_eq!(plain.get_keepalives_retries(), Some(KEEPALIVE_RETRIES));
        let own = config_of("?connect_timeout=2&tcp_user_timeout=7&keepalives_idle=60");
        assert_eq!(own.get_tcp_user_timeout(), Some(&Duration::from_secs(7)));
        assert_eq!(own.get_connect_timeout(), Some(&Duration::from_secs(2)));
        assert_eq!(own.get_keepalives_idle(), Duration::from_secs(60));
    }
}
