//! The changes, each of which makes a certificate that somebody should mind, and why the linters differ about it.

mod extensions;
mod fields;
mod parts;

use crate::mutate::Change;
use crate::pki::Role::{self, Client, Issuing, Responder, Root, Server};

/// A change.
pub(crate) struct Named {
    pub(crate) name: &'static str,
    /// Which certificates it is made to.
    pub(crate) roles: &'static [Role],
    pub(crate) change: Change,
    /// Why the linters do not say the same; empty where they do.
    pub(crate) why: &'static str,
}

/// Every change.
pub(crate) fn all() -> impl Iterator<Item = &'static Named> {
    fields::CHANGES.iter().chain(extensions::CHANGES)
}

const ALL: &[Role] = &Role::ALL;
const CAS: &[Role] = &[Root, Issuing];
const LEAVES: &[Role] = &[Server, Client, Responder];
const BELOW: &[Role] = &[Issuing, Server, Client, Responder];
const TLS: &[Role] = &[Server, Client];
