//! The home directory: CAs by name, their files, and the passphrase of their keys.
//!
//! ```text
//! HOME/                     0700
//!   NAME/                   one for each CA
//!     ca.toml               name, URL, kind of keys, store
//!     profiles/             server.toml client.toml: what may be issued; edited by people
//!     keys/                 root.key issuing.key: encrypted PKCS#8, 0600
//!     root.crt issuing.crt
//!     checkpoints.jsonl     where the audit log ended, signed, unless ca.toml names another place
//!     store.db              what was issued (SQLite), unless ca.toml names another store
//! ```

mod ca;
mod directory;
mod keys;
mod name;
mod new_ca;
mod open_ca;
mod passphrase;
mod profiles;
mod settings;

pub(crate) use directory::Home;
pub(crate) use keys::CaKey;
pub(crate) use name::CaName;
pub(crate) use new_ca::NewCa;
pub(crate) use open_ca::{OpenCa, actor};
pub(crate) use passphrase::{new_passphrase, password};
pub(crate) use profiles::Purpose;
pub(crate) use settings::{KeyType, Settings, check_url, checkpoints};
