//! Which servers are accepted.

mod pins;
mod trust;
mod verdict;
