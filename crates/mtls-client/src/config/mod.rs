//! What all connections of a connector go by, and its replacement while it is in use.

pub(crate) mod active;
pub(crate) mod rustls_config;
