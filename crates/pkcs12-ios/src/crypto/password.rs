//! The octets that a password becomes.

use pki_core::Password;
use zeroize::Zeroizing;

/// A password in each form that PKCS#12 has for it.
pub(crate) struct PasswordOctets<'p> {
    utf8: &'p str,
    utf16: Zeroizing<Vec<u8>>,
    empty: Option<EmptyForm>,
}

/// The two readings of an empty password in the derivation of RFC 7292 appendix B.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum EmptyForm {
    /// An empty string with its terminator, as the appendix says.
    Terminator,
    /// Nothing at all, as macOS and some others write it.
    Nothing,
}

impl<'p> PasswordOctets<'p> {
    pub(crate) fn new(password: &'p Password) -> Self {
        let utf8 = password.secret_str();
        // UTF-16 never has more units than UTF-8 has octets, so this does not move.
        let mut utf16 = Zeroizing::new(Vec::with_capacity(2 * utf8.len() + 2));
        utf8.encode_utf16()
            .for_each(|unit| utf16.extend(unit.to_be_bytes()));
        utf16.extend([0, 0]);
        Self {
            utf8,
            utf16,
            empty: None,
        }
    }

    /// For PBKDF2 (RFC 8018): UTF-8.
    pub(crate) fn utf8(&self) -> &[u8] {
        self.utf8.as_bytes()
    }

    /// For the derivation of RFC 7292 appendix B.1: UTF-16BE with its terminator.
    pub(crate) fn utf16(&self) -> &[u8] {
        match self.empty {
            Some(EmptyForm::Nothing) => &[],
            _ => &self.utf16,
        }
    }

    /// Tries the forms that the password may have in a file, until one works.
    ///
    /// That is one form, unless the password is empty. The one that worked is kept for the rest.
    pub(crate) fn find_form<T, E>(
        &mut self,
        mut attempt: impl FnMut(&Self) -> Result<T, E>,
    ) -> Result<T, E> {
        if !self.utf8.is_empty() || self.empty.is_some() {
            return attempt(self);
        }
        self.empty = Some(EmptyForm::Terminator);
        attempt(self).or_else(|first| {
            self.empty = Some(EmptyForm::Nothing);
            attempt(self).map_err(|_| {
                self.empty = None;
                first
            })
        })
    }
}
