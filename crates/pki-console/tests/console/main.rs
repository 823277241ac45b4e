//! The console over a real store: each action, and each way in which it is refused.
#![allow(clippy::unwrap_used, reason = "tests")]

mod access;
mod audit;
mod certificates;
mod requests;
mod revoke;
mod support;
mod tokens;
