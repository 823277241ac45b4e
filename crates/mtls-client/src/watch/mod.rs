//! Files that are read again and again, and put to use once they hold something new and good.

pub(crate) mod identity;
pub(crate) mod trust;

mod follow;
