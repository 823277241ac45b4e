//! Settings that change while the server runs: loaded from files, put into force, and told of.

pub(crate) mod active;
pub(crate) mod handle;
pub(crate) mod mtls_files;
pub(crate) mod status;
pub(crate) mod virtual_host_files;

mod host_files;
mod staple;
