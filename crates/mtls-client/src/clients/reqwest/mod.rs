//! All that is for reqwest alone: a client, where it connects to, its errors, and its retries.

mod client;
mod error;
mod redirect;
mod resolve;
mod retry;
