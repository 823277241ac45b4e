//! axum over mutual TLS, asked by clients of every kind.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod authorize;
mod files;
mod handshake;
mod host_files;
mod http;
mod identity;
mod listen;
mod reload;
mod revocation;
mod serving;
#[path = "../support/mod.rs"]
mod support;
