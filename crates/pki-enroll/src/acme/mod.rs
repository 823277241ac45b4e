//! ACME (RFC 8555): a server proves that it has its names, or a device what it is, and gets its certificate without a person.

mod call;
mod device;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod identifier;
mod issue;
mod jose;
mod nonce;
mod problem;
pub(crate) mod routes;
pub(crate) mod service;
pub(crate) mod settings;
mod validate;
