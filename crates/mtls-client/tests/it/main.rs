//! A client over mutual TLS, against servers that are made for it.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod connection;
mod identity;
mod request;
mod server;
mod support;
