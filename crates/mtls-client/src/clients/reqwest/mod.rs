//! All that is for reqwest alone: a client, its errors, and its retries.

mod client;
mod error;
mod retry;
