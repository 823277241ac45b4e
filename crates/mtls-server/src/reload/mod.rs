//! The active configuration, and how it is replaced while the server runs.

pub(crate) mod active;
pub(crate) mod handle;
pub(crate) mod mtls_files;
pub(crate) mod status;
pub(crate) mod virtual_host_files;

mod host_files;
mod open_connections;
#[cfg(feature = "ocsp")]
mod staple;
