//! Commands about what was issued.

pub(crate) mod audit;
pub(crate) mod crl;
pub(crate) mod expiring;
pub(crate) mod list;
pub(crate) mod pages;
pub(crate) mod record;
pub(crate) mod revoke;
