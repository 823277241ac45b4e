//! Commands that look at certificates of anybody.

pub(crate) mod inspect;
pub(crate) mod lint;
pub(crate) mod migrate;
pub(crate) mod verify;
