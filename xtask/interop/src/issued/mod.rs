//! What we issue, read by the programs of others.

pub(crate) mod bundle_matrix;
pub(crate) mod bundles;
pub(crate) mod certificates;
pub(crate) mod client_certificate;
