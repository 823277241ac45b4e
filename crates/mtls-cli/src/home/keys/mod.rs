//! The keys of a CA, encrypted in files or in a token, and what unlocks them.

#[cfg(feature = "pkcs11")]
mod device;
mod file;
mod key;
mod passphrase;
mod place;
mod secrets;
#[cfg(not(feature = "pkcs11"))]
#[path = "no_token.rs"]
mod token;
#[cfg(feature = "pkcs11")]
mod token;
mod unlocked;

pub(super) use file::read_key;
pub(crate) use file::write_key;
pub(crate) use key::{CaKey, CaRole};
pub(crate) use passphrase::{new_passphrase, password, secret};
pub(crate) use place::KeyPlace;
pub(crate) use secrets::Secrets;
pub(crate) use token::KeyUri;
pub(super) use unlocked::UnlockedKeys;
