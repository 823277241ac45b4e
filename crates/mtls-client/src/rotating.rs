//! Clients whose pooled connections end with the identity that they showed.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use crate::connector::Connector;
use crate::current::Follow;

/// An HTTP client that is made anew whenever its connector's identity or pins are replaced.
///
/// A connection shows its certificate once, and HTTP clients keep connections. So a replaced client is
/// let go with its pool: requests in flight finish on its connections, all idle ones end with the last
/// of these requests, at once if there is none, and what [`get`](Self::get) gives from then on has only
/// connections that were made after the replacement.
/// For any client that is cheap to clone and ends its idle connections when the last clone goes, as
/// hyper-util's and reqwest's do. Cheap to clone.
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
    client: RwLock<C>,
}

/// Makes a client, or says that it cannot.
type Make<C> = Box<dyn Fn(&Connector) -> Option<C> + Send + Sync>;

impl Connector {
    /// A client made by `make`, now and after each [`set_identity`](Self::set_identity) and
    /// [`set_pins`](Self::set_pins).
    ///
    /// If `make` fails on a later call, the client that is there stays and an event of level error
    /// says so. New connections of that client show the new identity, its pooled ones the old.
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
        let client = RwLock::new(make(self)?);
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
        });
        let follower = Arc::downgrade(&cell);
        self.current().follow(follower);
        // A replacement between the making and the following went unnoticed.
        cell.renew();
        Ok(Rotating(cell))
    }
}

impl<C: Clone> Rotating<C> {
    /// The client of now. Take it anew for each request: a clone that is kept keeps its connections.
    #[must_use]
    pub fn get(&self) -> C {
        self.0
            .client
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl<C> Clone for Rotating<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<C: Send + Sync> Follow for Cell<C> {
    fn renew(&self) {
        // Nobody has used this client yet, so whichever of two is stored last has no old connection.
        if let Some(client) = (self.make)(&self.connector) {
            let mut place = self.client.write().unwrap_or_else(PoisonError::into_inner);
            let old = std::mem::replace(&mut *place, client);
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
