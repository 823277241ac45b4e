//! The home directory: CAs by name, their files, and the passphrase of their keys.

mod passphrase;

pub(crate) use passphrase::password;
