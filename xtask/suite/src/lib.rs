//! What the suites have in common: programs, ours and those of others, and how a suite reports.
//!
//! A suite is a package beside this one, which `cargo xtask NAME` builds and runs. It prints a line for each point, and
//! closes with `tally`'s.

mod built;
mod hello;
pub mod home;
mod page;
pub mod peers;
// PostgreSQL refuses to run as root, and so runs as another user.
#[cfg(unix)]
pub mod postgres;
pub mod process;
mod tally;

use std::path::Path;

pub use built::{Profile, beside_tests, example_of, examples, mtls};
pub use hello::{Hello, ServerFiles};
pub use home::Home;
pub use page::replace_section;
pub use peers::Peers;
pub use tally::{NoTally, Tally, close, finish, report};

/// The root of this workspace.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("the suites are directories of xtask")
}
