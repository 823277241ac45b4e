//! What was recorded: listed, audited, copied and forgotten.

mod audit;
mod copy;
mod latest;
mod lists;
mod pruning;
