//! What all requests share.

use mtls_server::Rule;
use pki_store::Store;
use time::OffsetDateTime;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::access::ticket::Tickets;
use crate::refusal::ConsoleRefusal;

/// The names of profiles, as they are now.
pub(crate) type Profiles = Box<dyn Fn() -> Vec<String> + Send + Sync>;

pub(crate) struct Shared {
    pub(crate) store: Store,
    /// The name of the CA.
    pub(crate) ca: String,
    pub(crate) operators: Rule,
    /// What tokens are made for.
    pub(crate) profiles: Profiles,
    /// What the CA issues to itself, which lists leave out.
    pub(crate) own_profiles: Vec<String>,
    /// Where the router is nested: empty, or a path without a slash at its end.
    pub(crate) base: String,
    pub(crate) tickets: Tickets,
    /// For what reads much of the store.
    pub(crate) heavy: Semaphore,
}

impl Shared {
    /// For what reads much of the store: one at a time.
    ///
    /// # Errors
    ///
    /// [`ConsoleRefusal::Busy`] while another one runs.
    pub(crate) fn alone(&self) -> Result<SemaphorePermit<'_>, ConsoleRefusal> {
        self.heavy.try_acquire().map_err(|_| ConsoleRefusal::Busy)
    }

    /// A ticket for the next form of the holder of this certificate.
    ///
    /// # Errors
    ///
    /// [`ConsoleRefusal::NoRandom`] if the system gives no random bytes.
    pub(crate) fn ticket(
        &self,
        certificate: &[u8; 32],
        now: OffsetDateTime,
    ) -> Result<String, ConsoleRefusal> {
        let ticket = self.tickets.issue(certificate, now);
        ticket.map_err(|_| ConsoleRefusal::NoRandom)
    }
}

/// The present time in whole seconds, as stores and certificates have it.
pub(crate) fn now() -> OffsetDateTime {
    let now = OffsetDateTime::now_utc();
    now.replace_nanosecond(0).unwrap_or(now)
}
