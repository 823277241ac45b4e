//! One file for each command.

pub(crate) mod audit;
pub(crate) mod ca;
pub(crate) mod completions;
pub(crate) mod crl;
pub(crate) mod expiring;
pub(crate) mod import;
pub(crate) mod inspect;
pub(crate) mod issue;
mod issued;
pub(crate) mod lint;
pub(crate) mod list;
pub(crate) mod man;
pub(crate) mod p12;
mod record;
pub(crate) mod renew;
pub(crate) mod revoke;
pub(crate) mod serve;
pub(crate) mod sign;
pub(crate) mod verify;
