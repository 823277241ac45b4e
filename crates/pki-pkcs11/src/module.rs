//! PKCS#11 modules, and the tokens behind them.

use std::fmt;
use std::path::Path;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use pki_core::Password;

use crate::error::TokenError;
use crate::uri::{TokenChoice, TokenUri};

/// A PKCS#11 module: the library of a kind of token. Cheap to clone.
#[derive(Clone)]
pub struct Module {
    pkcs11: Pkcs11,
}

/// Whether a session may change what is in the token.
#[derive(Clone, Copy)]
pub(crate) enum Access {
    Read,
    Write,
}

impl Module {
    /// Loads the module at `path`, which runs its code, and initializes it for use by several threads.
    ///
    /// It stays initialized until the process ends. Loading one again is allowed.
    ///
    /// # Errors
    ///
    /// [`TokenError::Load`] if there is no such module, and [`TokenError::Token`] if it cannot be initialized.
    pub fn load(path: &Path) -> Result<Self, TokenError> {
        let pkcs11 = Pkcs11::new(path).map_err(|source| TokenError::Load {
            path: path.to_owned(),
            source: source.into(),
        })?;
        let arguments = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
        match pkcs11.initialize(arguments) {
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {
                Ok(Self { pkcs11 })
            }
            Err(error) => Err(TokenError::token(error)),
        }
    }

    /// A session with the token that `uri` describes, as its user.
    pub(crate) fn session(
        &self,
        uri: &TokenUri,
        pin: &Password,
        access: Access,
    ) -> Result<Session, TokenError> {
        let slot = self.slot(&uri.token)?;
        let session = match access {
            Access::Read => self.pkcs11.open_ro_session(slot),
            Access::Write => self.pkcs11.open_rw_session(slot),
        };
        let session = session.map_err(TokenError::token)?;
        let pin = AuthPin::new(pin.secret_str().into());
        match session.login(UserType::User, Some(&pin)) {
            // A login is the process's and not the session's.
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
            Err(error) => Err(TokenError::token(error)),
        }
    }

    fn slot(&self, wanted: &TokenChoice) -> Result<Slot, TokenError> {
        let slots = self.pkcs11.get_slots_with_initialized_token();
        let mut found = Vec::new();
        for slot in slots.map_err(TokenError::token)? {
            let info = self
                .pkcs11
                .get_token_info(slot)
                .map_err(TokenError::token)?;
            let is = |wanted: &Option<String>, found: &str| {
                wanted
                    .as_deref()
                    .is_none_or(|wanted| wanted == found.trim_end())
            };
            if is(&wanted.label, info.label())
                && is(&wanted.manufacturer, info.manufacturer_id())
                && is(&wanted.model, info.model())
                && is(&wanted.serial, info.serial_number())
                && wanted.slot_id.is_none_or(|id| id == slot.id())
            {
                found.push(slot);
            }
        }
        match found.as_slice() {
            [slot] => Ok(*slot),
            [] => Err(TokenError::NoToken {
                wanted: wanted.in_words(),
            }),
            several => Err(TokenError::AmbiguousToken {
                wanted: wanted.in_words(),
                count: several.len(),
            }),
        }
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module").finish_non_exhaustive()
    }
}
