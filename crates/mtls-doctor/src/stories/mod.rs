//! The causes that fill public threads, each with what is seen, why, and what mends it.

pub(crate) mod empty_password;
pub(crate) mod hints;
pub(crate) mod intermediate;
pub(crate) mod p12_algorithm;
pub(crate) mod public_ca;
pub(crate) mod unseen;
