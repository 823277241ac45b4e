//! What a connection waits for from its peer, and since when, in one atomic number.

use crate::connection::clock::Tick;

/// What is waited for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wait {
    Nothing = 0,
    FirstRequest = 1,
    Header = 2,
    NextRequest = 3,
    /// Whatever a protocol other than HTTP sends, in either direction.
    Bytes = 4,
}

/// The time above three bits of [`Wait`].
pub(super) fn encode(since: Tick, wait: Wait) -> u64 {
    since << 3 | wait as u64
}

pub(super) fn decode(waiting: u64) -> (Tick, Wait) {
    let wait = match waiting & 7 {
        0 => Wait::Nothing,
        1 => Wait::FirstRequest,
        2 => Wait::Header,
        3 => Wait::NextRequest,
        _ => Wait::Bytes,
    };
    (waiting >> 3, wait)
}
