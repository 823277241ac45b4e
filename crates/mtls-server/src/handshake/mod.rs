//! From a TCP connection to a client whose certificate is known, or a refusal that says why.

pub(crate) mod accepted;
pub(crate) mod acceptor;
pub(crate) mod refusal;

mod client_hello;
mod linger;
mod negotiation;
mod record;

#[cfg(test)]
mod tests;
