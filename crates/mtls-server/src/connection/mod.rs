//! A connection that was accepted: whose it is, how long it may live, and how it ends.

pub(crate) mod address;
pub(crate) mod answers;
pub(crate) mod clock;
pub(crate) mod connections;
pub(crate) mod end;
pub(crate) mod half_open;
pub(crate) mod identity;
pub(crate) mod live;
pub(crate) mod rest;
pub(crate) mod stream;

mod wait;
