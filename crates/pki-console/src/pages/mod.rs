//! The pages.

pub(crate) mod assets;
pub(crate) mod audit;
pub(crate) mod authorities;
pub(crate) mod certificate;
pub(crate) mod certificates;
pub(crate) mod expiring;
pub(crate) mod finish;
mod id;
mod refused;
pub(crate) mod request;
pub(crate) mod requests;
pub(crate) mod revoke;
mod selection;
pub(crate) mod tokens;
pub(crate) mod verification;
