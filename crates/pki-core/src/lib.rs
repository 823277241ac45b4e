//! What may be issued, and issuing it: keys, profiles, policy, revocation and chain verification.

mod key;
mod password;
mod random;
mod signer;
pub mod verify;

pub use key::{KeyError, KeyKind, KeyPair};
pub use password::Password;
pub use signer::{SignError, SignatureAlgorithm, Signer};
