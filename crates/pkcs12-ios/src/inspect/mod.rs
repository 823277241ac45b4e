//! How a file is protected, and which readers take it.
//!
//! `inspection` walks through a file, `reader` knows what each reader takes, and `check` compares the two.

mod check;
mod inspection;
mod reader;

pub use check::Objection;
pub use inspection::{Inspection, inspect};
pub use reader::{Reader, UnknownReader};
