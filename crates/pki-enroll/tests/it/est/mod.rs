//! EST: RFC 7030.

mod bytes;
mod client;
mod operations;
mod renewal;
mod waiting;
