//! Commands that issue a certificate.

pub(crate) mod issue;
mod issued;
pub(crate) mod renew;
pub(crate) mod sign;
