//! HTTP over accepted connections: the server, the adapters for axum, and what happens to each request.

#[cfg(feature = "axum-server")]
pub(crate) mod acceptor;
pub(crate) mod forward_identity;
pub(crate) mod health;
pub(crate) mod http;
pub mod listen;
pub(crate) mod listener;
pub(crate) mod server;
pub(crate) mod service;

mod authority;
