//! The operators' console of `mtls serve`.

mod listener;
mod operator;

pub(crate) use listener::CONSOLE_SERVER;
pub(super) use listener::{ConsoleArgs, ConsoleListener};
