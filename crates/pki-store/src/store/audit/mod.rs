//! The audit log, and what is held against it.

mod checkpoints;
mod links;
mod log;
