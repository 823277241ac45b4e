//! The matrix: every certificate of the lab shown to a real server or client, and what came of it.

mod report;

pub use report::{Direction, Report, Row};
