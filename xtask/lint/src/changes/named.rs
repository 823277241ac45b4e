//! A change, and the certificates that it is made to.

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

pub(super) const ALL: &[Role] = &Role::ALL;
pub(super) const CAS: &[Role] = &[Root, Issuing];
pub(super) const LEAVES: &[Role] = &[Server, Client, Responder];
pub(super) const BELOW: &[Role] = &[Issuing, Server, Client, Responder];
pub(super) const TLS: &[Role] = &[Server, Client];
