//! Which database, and new connections to it.

use std::path::PathBuf;
use std::time::Duration;

use super::postgres::PostgresSession;
use super::session::Session;
use super::sqlite::SqliteSession;
use crate::url::Server;
use crate::{StoreError, StoreUrl};

/// A database, and how long to wait for other writers.
#[derive(Clone)]
pub(crate) struct Target {
    place: Place,
    lock_timeout: Duration,
}

#[derive(Clone)]
enum Place {
    Sqlite(PathBuf),
    Postgres(Box<Server>),
}

impl Target {
    pub(crate) fn new(url: &StoreUrl, lock_timeout: Duration) -> Result<Self, StoreError> {
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
                if config.get_application_name().is_none() {
                    config.application_name("pki-store");
                }
                Place::Postgres(Box::new(server))
            }
        };
        Ok(Self {
            place,
            lock_timeout,
        })
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
const UNANSWERED: Duration = Duration::from_secs(10);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
