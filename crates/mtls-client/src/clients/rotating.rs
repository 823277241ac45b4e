//! Clients whose pooled connections end with the identity that they presented.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio::time::Instant;

use crate::config::active::Renew;
use crate::connect::connector::Connector;

/// An HTTP client that is rebuilt whenever its connector's identity, pins, roots or CRLs are replaced, and when its
/// connections may have reached their [maximum age](crate::ConnectorBuilder::max_connection_age).
///
/// A connection presents its certificate once, and HTTP clients keep connections. So the old client is dropped with its
/// pool. Requests in flight finish on its connections. Its idle connections end with the last of these requests, or at
/// once if there is none. The client that [`get`](Self::get) returns from then on has only connections that were made
/// after the replacement.
///
/// It works for any client that is cheap to clone and ends its idle connections when the last clone is dropped, as
/// those of hyper-util and reqwest do. Cheap to clone.
///
/// ```no_run
/// # fn run(connector: mtls_client::Connector) -> Result<(), reqwest::Error> {
/// let client = connector.rotating(|connector| connector.reqwest().build())?;
/// // For each request:
/// let request = client.get().get("https://localhost:8443/orders");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Rotating<C>(Arc<Cell<C>>);

struct Cell<C> {
    connector: Connector,
    make: Make<C>,
    client: RwLock<Made<C>>,
    /// Held while a client is made because the one before is too old.
    ageing: Mutex<()>,
}

#[derive(Clone, Debug)]
struct Made<C> {
    client: C,
    at: Instant,
}

/// Makes a client, or says that it cannot.
type Make<C> = Box<dyn Fn(&Connector) -> Option<C> + Send + Sync>;

impl Connector {
    /// A client built by `make`, now and after each [`set_identity`](Self::set_identity),
    /// [`set_pins`](Self::set_pins), [`set_roots`](Self::set_roots) and
    /// [`set_revocation`](Self::set_revocation).
    ///
    /// If `make` fails on a later call, the old client stays and an event of level error says so. New connections of
    /// that client present the new identity; its pooled ones have presented the old.
    ///
    /// # Errors
    ///
    /// That of `make`.
    pub fn rotating<C, E>(
        &self,
        make: impl Fn(&Self) -> Result<C, E> + Send + Sync + 'static,
    ) -> Result<Rotating<C>, E>
    where
        C: Clone + Send + Sync + 'static,
        E: fmt::Display,
    {
        let client = RwLock::new(Made::now(make(self)?));
        let make = move |connector: &Self| match make(connector) {
            Ok(client) => Some(client),
            Err(error) => {
                tracing::error!(target: "mtls_client", %error, "the client cannot be made anew: its old connections stay");
                None
            }
        };
        let cell = Arc::new(Cell {
            connector: self.clone(),
            make: Box::new(make),
            client,
            ageing: Mutex::default(),
        });
        let dependent = Arc::downgrade(&cell);
        self.active().add_dependent(dependent);
        // A replacement between the making and the following went unnoticed.
        cell.renew();
        Ok(Rotating(cell))
    }
}

impl<C: Clone + Send + Sync> Rotating<C> {
    /// The latest client. Call this for each request: a clone that you store keeps its old connections.
    #[must_use]
    pub fn get(&self) -> C {
        let made = self.0.made();
        if !self.0.is_too_old(&made) {
            return made.client;
        }
        let _ageing = self.0.ageing.lock().unwrap_or_else(PoisonError::into_inner);
        // Another caller may have been faster.
        if self.0.is_too_old(&self.0.made()) {
            self.0.renew();
        }
        self.0.made().client
    }
}

impl<C> Clone for Rotating<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<C> Made<C> {
    fn now(client: C) -> Self {
        Self {
            client,
            at: Instant::now(),
        }
    }
}

impl<C: Clone> Cell<C> {
    fn made(&self) -> Made<C> {
        self.client
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn is_too_old(&self, made: &Made<C>) -> bool {
        let age = made.at.elapsed();
        let limit = self.connector.inner().max_age;
        limit.is_some_and(|limit| age >= limit)
    }
}

impl<C: Send + Sync> Renew for Cell<C> {
    fn renew(&self) {
        // Before it is made: none of its connections is older.
        let at = Instant::now();
        // Nobody has used this client yet, so whichever of two is stored last has no old connection.
        if let Some(client) = (self.make)(&self.connector) {
            let mut place = self.client.write().unwrap_or_else(PoisonError::into_inner);
            let old = std::mem::replace(&mut *place, Made { client, at });
            drop(place);
            drop(old);
        }
    }
}

impl<C> fmt::Debug for Cell<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cell")
            .field("connector", &self.connector)
            .finish_non_exhaustive()
    }
}
