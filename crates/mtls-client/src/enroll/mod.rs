//! A certificate of one's own: by a token at first, and then again and again by itself.

pub(crate) mod agent;
mod channel;
pub(crate) mod enroller;
pub(crate) mod error;
pub(crate) mod files;
