//! Plain HTTP: the server, what it sends again and again, and requests that wait.

pub(crate) mod document;
mod open;
pub(crate) mod prefer;
pub(crate) mod server;
