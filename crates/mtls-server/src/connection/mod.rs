//! Connections: how many there are, whose they are, how long they may live, and how they end.

pub(crate) mod address;
pub(crate) mod clock;
pub(crate) mod connections;
pub(crate) mod end;
pub(crate) mod half_open;
pub(crate) mod identity;
pub(crate) mod idle;
pub(crate) mod responses;
pub(crate) mod state;
pub(crate) mod stream;

mod wait;
