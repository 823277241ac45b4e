//! A certificate of one's own: by a token at first, and then again and again by itself.

pub(crate) mod agent;
mod channel;
pub(crate) mod enrolled;
pub(crate) mod enroller;
pub(crate) mod error;
mod est;
pub(crate) mod evidence;
pub(crate) mod files;
mod json;
pub(crate) mod key_store;
mod keys;
mod plan;
mod turn;
pub(crate) mod window;
