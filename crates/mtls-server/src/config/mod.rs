//! What a server asks of its clients, for each host name, and how it is exchanged while it serves.

pub(crate) mod client_auth;
pub(crate) mod error;
pub(crate) mod generation;
pub(crate) mod handle;
pub(crate) mod limits;
pub(crate) mod mtls_config;
pub(crate) mod names;
pub(crate) mod site;
