//! Where a key is.

use std::fmt;
use std::path::PathBuf;

use super::secrets::Secrets;
use super::token::KeyUri;
use crate::home::bao::TransitPlace;

/// Where a key of a CA is.
#[derive(Clone, Debug)]
pub(crate) enum KeyPlace {
    /// Encrypted in a file, which may be elsewhere at the moment.
    File(PathBuf),
    /// In a token.
    Token(KeyUri),
    /// In the secrets engine `transit` of OpenBao or Vault.
    Transit(TransitPlace),
}

impl KeyPlace {
    /// Whether it can be used here. A token is asked when it is used.
    pub(crate) fn is_here(&self) -> bool {
        match self {
            Self::File(path) => path.exists(),
            Self::Token(_) | Self::Transit(_) => true,
        }
    }

    /// Whether nobody has to type what unlocks it.
    pub(crate) fn unlocks_unasked(&self, secrets: &Secrets) -> bool {
        match self {
            Self::File(_) => secrets.have_passphrase(),
            Self::Token(uri) => secrets.have_pin() || uri.names_pin(),
            Self::Transit(_) => true,
        }
    }
}

impl fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Token(uri) => uri.fmt(f),
            Self::Transit(place) => place.fmt(f),
        }
    }
}
