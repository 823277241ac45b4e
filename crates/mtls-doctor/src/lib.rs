#![doc = include_str!("../README.md")]

mod config;
mod examine;
mod files;
mod finding;
mod probe;
mod report;
mod stories;
mod target;

pub use examine::examine;
pub use finding::{Finding, Question, Severity, Step};
pub use report::{Fact, Report};
pub use target::{Options, Role, Target};
