//! Accounts.

use serde::Serialize;
use time::OffsetDateTime;

use crate::record::NamePattern;

/// An account that is to be made.
#[derive(Clone, Debug)]
pub struct NewAcmeAccount {
    /// The name of the CA.
    pub ca: String,
    /// The SHA-256 thumbprint of its key (RFC 7638).
    pub thumbprint: [u8; 32],
    /// Its public key, as a JWK.
    pub jwk: String,
    /// URLs by which its holder can be reached.
    pub contacts: Vec<String>,
    /// The number of the key of the external account binding, which it uses up once.
    pub key: Option<i64>,
}

/// What a store knows about an account.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AcmeAccount {
    /// Its number.
    pub id: i64,
    /// The name of the CA.
    pub ca: String,
    /// The SHA-256 thumbprint of its key.
    pub thumbprint: [u8; 32],
    /// Its public key, as a JWK.
    pub jwk: String,
    /// URLs by which its holder can be reached.
    pub contacts: Vec<String>,
    /// Whether it can be used.
    pub state: AcmeAccountState,
    /// What its key of the external account binding is called; `None` where it was made without one.
    pub kid: Option<String>,
    /// The names of the profiles that it may order within; none without an external account binding.
    pub profiles: Vec<String>,
    /// The names that it may order. None leaves them to the profile.
    pub names: Vec<NamePattern>,
    /// When it was made.
    pub made_at: OffsetDateTime,
}

/// Whether an account can be used. A deactivated one stays so, and its key makes no new one.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "kebab-case")]
pub enum AcmeAccountState {
    /// Its holder has deactivated it.
    Deactivated,
    /// The CA has deactivated it.
    Revoked,
    /// It can be used.
    Valid,
}

impl AcmeAccountState {
    /// The word for it (RFC 8555 section 7.1.6).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deactivated => "deactivated",
            Self::Revoked => "revoked",
            Self::Valid => "valid",
        }
    }
}

/// What becomes of an account.
#[derive(Clone, Debug)]
pub enum AcmeAccountChange {
    /// Its holder is reached in another way.
    Contacts(Vec<String>),
    /// Its holder ends it.
    Deactivate,
    /// It has another key. Whoever has the one before asks for that.
    Key {
        /// The thumbprint of the key that it has so far.
        before: [u8; 32],
        /// The thumbprint of the key.
        thumbprint: [u8; 32],
        /// The key, as a JWK.
        jwk: String,
    },
    /// The CA ends it.
    Revoke,
}

/// `acme_accounts.state`.
pub(crate) mod stored {
    pub(crate) const VALID: i64 = 0;
    pub(crate) const DEACTIVATED: i64 = 1;
    pub(crate) const REVOKED: i64 = 2;
}
