//! Conditions on a verified client certificate, and what they decide.

pub(crate) mod decision;
pub(crate) mod error;
pub(crate) mod rule;

mod condition;
mod constructors;
mod file;
mod finding;
mod policy;
