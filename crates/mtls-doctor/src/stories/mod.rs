//! The causes that fill public threads, each with what is seen, why, and what mends it.

pub(crate) mod hints;
pub(crate) mod intermediate;
pub(crate) mod unseen;
