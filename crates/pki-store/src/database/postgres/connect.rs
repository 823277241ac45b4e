//! Opening a connection, and hearing what the server warns of meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{StreamExt as _, stream};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{AsyncMessage, Client, NoTls, Socket};

use super::error::unavailable;
use crate::StoreError;
#[cfg(feature = "tls")]
use crate::database::tls::Connector;
use crate::url::Server;

impl Server {
    /// Opens a connection, which the runtime drives.
    pub(super) async fn connect(&self) -> Result<(Client, Warned), StoreError> {
        #[cfg(feature = "tls")]
        if let Some(settings) = self.tls.clone() {
            let read = tokio::task::spawn_blocking(move || Connector::read(&settings)).await;
            let connector = read.map_err(|_| StoreError::Closed)?;
            return self.connect_by(connector.map_err(StoreError::Tls)?).await;
        }
        self.connect_by(NoTls).await
    }

    async fn connect_by<T>(&self, tls: T) -> Result<(Client, Warned), StoreError>
    where
        T: MakeTlsConnect<Socket, Stream: Send + 'static>,
    {
        let (client, mut connection) = self.config.connect(tls).await.map_err(unavailable)?;
        let warned = Warned::default();
        let seen = warned.clone();
        tokio::spawn(async move {
            let mut messages = stream::poll_fn(move |context| connection.poll_message(context));
            while let Some(message) = messages.next().await {
                match message {
                    Ok(AsyncMessage::Notice(notice)) => {
                        let message = notice.message();
                        tracing::debug!(message, "PostgreSQL says");
                        seen.hear(notice.code());
                    }
                    Ok(_) => {}
                    // Its users hear of it by themselves.
                    Err(error) => {
                        tracing::debug!(
                            error = &error as &dyn std::error::Error,
                            "connection to PostgreSQL ended"
                        );
                        break;
                    }
                }
            }
        });
        Ok((client, warned))
    }
}

/// Whether the server has warned of something since the last time that this was forgotten.
///
/// A commit that waits for a standby, and is cancelled meanwhile, is reported as done, after a warning: "canceling wait for
/// synchronous replication". That text comes in the language of the server, and the code is that of a warning.
#[derive(Clone, Default)]
pub(super) struct Warned(Arc<AtomicBool>);

impl Warned {
    fn hear(&self, code: &SqlState) {
        if *code == SqlState::WARNING || *code == SqlState::ADMIN_SHUTDOWN {
            self.0.store(true, Ordering::Release);
        }
    }

    pub(super) fn forget(&self) {
        self.0.store(false, Ordering::Release);
    }

    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if it has: nobody knows whether what was committed is on a standby.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        match self.0.load(Ordering::Acquire) {
            true => Err(StoreError::Unavailable(Arc::new(NotReplicated))),
            false => Ok(()),
        }
    }
}

/// A commit whose end is not known.
#[derive(Debug, thiserror::Error)]
#[error("the server has warned during a commit, which may be on no standby")]
struct NotReplicated;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_leaves_a_commit_unknown_until_it_is_forgotten() {
        let warned = Warned::default();
        warned.hear(&SqlState::SUCCESSFUL_COMPLETION);
        assert!(warned.check().is_ok());
        for code in [SqlState::WARNING, SqlState::ADMIN_SHUTDOWN] {
            warned.hear(&code);
            assert!(matches!(warned.check(), Err(StoreError::Unavailable(_))));
            warned.forget();
            assert!(warned.check().is_ok());
        }
    }
}
