//! The cases, as data: who presents what to whom, and what has to come of it.

mod accepted;
mod case;
mod clients_refused;
mod peers;
mod servers_refused;

pub(crate) use case::{Case, Client, Credential, Pin, Server};

/// Every case that needs a connection.
pub(crate) fn all() -> Vec<Case> {
    [
        accepted::all(),
        clients_refused::all(),
        servers_refused::all(),
    ]
    .concat()
}
