#![doc = include_str!("../README.md")]

mod before_connecting;
mod cases;
mod error;
mod page;
mod peers;
mod report;
mod run;

pub use error::MatrixError;
pub use page::page;
pub use report::{Direction, Line, Report, Row};
pub use run::run;
