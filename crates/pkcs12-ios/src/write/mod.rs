//! Writing a new file: `builder` checks that its parts belong together, `secrets` derives keys from the password,
//! `layout` puts all of it into the bags that readers expect.

mod alphabet;
mod builder;
mod encoding;
mod error;
mod finding;
mod layout;
mod secrets;

pub use builder::BundleBuilder;
pub use encoding::Encoding;
pub use error::BuildError;
pub use finding::{Finding, Target};
