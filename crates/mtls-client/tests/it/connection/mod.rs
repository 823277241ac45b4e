//! How a connection is made, how long it lives, and what of it is used again.

mod age;
mod key_exchange;
mod resumption;
mod signature_schemes;
mod transport;
