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

/// A program or system that reads PKCS#12 bundles.
pub use pkcs12_ios::Reader;
/// What a certificate is presented for.
pub use pki_core::verify::Purpose;
/// The password of a bundle or a key.
pub use tls_identity::Password;
