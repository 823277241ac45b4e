#![doc = include_str!("../README.md")]

mod access;
mod console;
pub mod moment;
mod pages;
mod refusal;
mod shared;
mod view;

pub use access::operator::Operator;
pub use access::ticket::TicketError;
pub use console::{Console, console};
pub use refusal::ConsoleRefusal;
