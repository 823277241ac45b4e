//! From an order to a certificate, and to its end.

mod asked_again;
mod concurrent;
mod orders;
mod revoke;
mod upstream;
