//! The mutual-TLS lab as data: its files, its scenarios and what has to become of each.

mod disk;
mod emitted;
mod file;
mod lab;
mod make;
mod manifest;
pub mod matrix;
mod options;
pub mod pages;
mod readme;

pub use disk::{DiskError, Ensured, Existing, Unfit, ensure, inspect};
pub use file::{About, FileKind, LabFile, Verdict};
pub use lab::Lab;
pub use make::MakeError;
pub use manifest::{Entry, MANIFEST, Manifest};
pub use matrix::{Direction, MatrixError, Report, Row};
pub use options::{KeyType, LAB_PASSWORD, Options};
