//! What a handle knows of the other processes.

use std::sync::Mutex;
use std::time::Instant;

use crate::processes::{ClockState, Comparison};

/// What this handle knows of the others.
#[derive(Default)]
pub(in crate::store) struct Peers {
    pub(super) comparison: Comparison,
    pub(super) looked: Option<Instant>,
    pub(super) state: ClockState,
}

pub(in crate::store) type SharedPeers = Mutex<Peers>;
