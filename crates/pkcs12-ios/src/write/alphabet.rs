//! Which passwords every reader understands.

use pki_core::Password;

use super::error::BuildError;

/// Which characters a password of a new bundle may have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Alphabet {
    /// 0x20 to 0x7E, which every reader turns into the same octets.
    PrintableAscii,
    /// All but NUL.
    Unicode,
}

impl Alphabet {
    pub(crate) fn check(self, password: &Password) -> Result<(), BuildError> {
        let text = password.secret_str();
        if text.is_empty() {
            return Err(BuildError::EmptyPassword);
        }
        if text.len() > LONGEST_PASSWORD {
            return Err(BuildError::PasswordTooLong {
                limit: LONGEST_PASSWORD,
                got: text.len(),
            });
        }
        let allowed = |c: char| match self {
            Self::PrintableAscii => matches!(c, ' '..='~'),
            Self::Unicode => c != '\0',
        };
        match text.chars().position(|c| !allowed(c)) {
            None => Ok(()),
            Some(index) => Err(BuildError::PasswordNotPortable { index }),
        }
    }
}

/// In octets of UTF-8. OpenSSL and what is built on it read passwords into 1,024 octets, with a NUL at their end.
const LONGEST_PASSWORD: usize = 1023;
