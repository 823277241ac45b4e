//! How a file is protected, and which readers take it.
//!
//! `inspection` holds what was read of a file. `reader` names the readers, `algorithms` knows what each of them takes,
//! `curve` how Apple tells the curve of a key, `pairing` how Apple finds the key's certificate, `message` what each of them shows, and `check` compares.

mod algorithms;
mod check;
mod curve;
mod inspection;
mod message;
mod objection;
mod pairing;
mod reader;

pub use inspection::{Inspection, inspect};
pub use objection::{Effect, Objection, Outlook};
pub use reader::{Reader, UnknownReader};
