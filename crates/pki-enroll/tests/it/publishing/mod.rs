//! What a CA publishes over plain HTTP.

mod expiry;
mod ocsp;
mod publication;
mod publisher;
mod standby;
