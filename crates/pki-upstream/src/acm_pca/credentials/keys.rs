//! A pair of keys.

use pki_core::Password;

/// A pair of keys of AWS. `Debug` prints no secret.
#[derive(Clone, Debug)]
pub struct AccessKeys {
    /// The one that names it: `AKIA...`.
    pub id: String,
    /// The one that signs.
    pub secret: Password,
    /// What temporary keys come with.
    pub session_token: Option<Password>,
}
