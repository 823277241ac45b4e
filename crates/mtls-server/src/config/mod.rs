//! What a server asks of its clients, for each host name.

pub(crate) mod active_host;
pub(crate) mod builder;
pub(crate) mod error;
pub(crate) mod limits;
pub(crate) mod mtls_config;
pub(crate) mod sni_map;
pub(crate) mod virtual_host;
