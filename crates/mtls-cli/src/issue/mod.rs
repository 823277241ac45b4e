//! From what somebody asks for to the files he gets.

mod files;
mod life;
mod names;

pub(crate) use files::{Bundles, Destination, IssuedFiles};
pub(crate) use life::Life;
pub(crate) use names::{AltName, names_of_client, names_of_server};
