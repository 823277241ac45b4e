//! TLS to PostgreSQL, by rustls.

mod connector;
mod verifier;

pub(super) use connector::Connector;
