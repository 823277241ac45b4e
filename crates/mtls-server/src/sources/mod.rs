//! Where certificates, keys, CRLs and OCSP responses come from: files and plain HTTP.

pub(crate) mod crl_sources;
pub mod files;
#[cfg(feature = "ocsp")]
pub(crate) mod ocsp;
pub(crate) mod plain_http;
