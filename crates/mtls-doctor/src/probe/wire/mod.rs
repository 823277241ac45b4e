//! One connection: TCP, TLS, one request, all before a deadline.

mod dial;
mod exchange;
mod handshake;
mod recorder;
mod timed;

pub(super) use dial::{addresses, dial};
pub(super) use exchange::exchange;
pub(super) use handshake::{Plan, attempt, config, plain, provider, provider_of_small_hello};
pub(super) use recorder::Recorder;
pub(super) use timed::Timed;
