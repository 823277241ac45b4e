#![doc = include_str!("../README.md")]

mod devices;
mod disk;
mod emitted;
mod file;
mod lab;
mod make;
mod manifest;
mod options;
mod plain_file;
mod readme;
mod relative_path;
mod samples;
mod server_name;

pub use devices::device_names;
pub use disk::{DiskError, Ensured, Existing, LabState, Unusable, ensure, inspect};
pub use file::{About, FileKind, LabFile, Verdict};
pub use lab::Lab;
pub use make::MakeError;
pub use manifest::{Entry, MANIFEST, Manifest};
pub use options::{KeyType, LAB_PASSWORD, Options};
pub use relative_path::{NotPlain, RelativePath};
pub use server_name::{ServerName, ServerNameError};
