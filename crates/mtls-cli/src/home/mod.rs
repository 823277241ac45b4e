//! The home directory: CAs by name, their files, and the passphrase of their keys.
//!
//! ```text
//! HOME/                     0700
//!   NAME/                   one for each CA
//!     ca.toml               name, URL, kind of keys, store
//!     profiles/             server.toml client.toml: what may be issued; edited by people
//!     keys/                 root.key issuing.key: encrypted PKCS#8, 0600; after a rotation also issuing-2.key
//!     root.crt issuing.crt  after a rotation also issuing-2.crt, root-2.crt
//!     cross-2.crt           root 2 certified by root 1; cross-2-back.crt is the other way round
//!     links/                what links of `mtls onboard` lead to, encrypted under the link
//!     checkpoints.jsonl     where the audit log ended, signed, unless ca.toml names another place
//!     store.db              what was issued (SQLite), unless ca.toml names another store
//! ```

mod bao;
mod ca;
mod directory;
mod keys;
mod lock;
mod name;
mod new_ca;
mod open_ca;
mod profiles;
mod refused;
mod settings;
mod signers;
mod upstream;

pub(crate) use bao::TransitKeys;
pub(crate) use ca::{CaDirectory, key_path};
pub(crate) use directory::Home;
pub(crate) use keys::{CaKey, CaRole, KeyPlace, KeyUri, Secrets, new_passphrase, password, secret};
pub(crate) use name::CaName;
pub(crate) use new_ca::NewCa;
pub(crate) use open_ca::{OpenCa, actor, store_url};
pub(crate) use profiles::Purpose;
pub(crate) use settings::{KeyType, Rotation, Settings, parse_url};
pub(crate) use signers::CheckpointSigners;
pub(crate) use upstream::Upstream;
