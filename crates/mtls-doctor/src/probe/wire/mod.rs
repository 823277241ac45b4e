//! One connection: TCP, TLS, one request, all before a deadline.

mod attempt;
mod dial;
mod exchange;
mod recorder;
mod timed;

pub(super) use attempt::{Plan, attempt, config, plain, provider, provider_of_small_hello};
pub(super) use dial::{addresses, dial};
pub(super) use exchange::exchange;
pub(super) use recorder::Recorder;
pub(super) use timed::Timed;
