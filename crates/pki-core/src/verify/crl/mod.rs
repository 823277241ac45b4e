//! CRLs: reading them, searching them, and what they say of a path.
//!
//! From the bottom up: `fields`, `entry`, `distribution_point` and `header` read DER; `index` is one CRL, read
//! once and searched by serial number; `file` and `set` hold many, `history` those that came over a network;
//! `revocation` asks them about a path.

mod distribution_point;
mod entry;
mod error;
mod facts;
mod fields;
mod file;
mod header;
mod history;
mod index;
mod issuer_name;
mod load_error;
mod revocation;
mod set;

pub use error::CrlError;
pub use file::CrlFile;
pub use history::{CrlHistory, CrlResponseError};
pub use load_error::CrlLoadError;
pub use revocation::{ExpiredCrl, Revocation, Scope, UnknownStatus};
pub use set::CrlSet;
