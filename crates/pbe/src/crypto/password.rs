//! The octets that a password becomes.

use std::fmt;

use zeroize::Zeroizing;

/// A password in each form that a scheme has for it.
pub struct PasswordOctets<'p> {
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
    /// The forms of `utf8`, wiped when dropped.
    #[must_use]
    pub fn new(utf8: &'p str) -> Self {
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

    /// For RFC 8018, and all that is not RFC 7292: UTF-8.
    #[must_use]
    pub fn utf8(&self) -> &[u8] {
        self.utf8.as_bytes()
    }

    /// For the derivation of RFC 7292 appendix B.1: UTF-16BE with its terminator.
    #[must_use]
    pub fn utf16(&self) -> &[u8] {
        match self.empty {
            Some(EmptyForm::Nothing) => &[],
            _ => &self.utf16,
        }
    }

    /// Tries the forms that the password may have in a file, until one works.
    ///
    /// That is one form, unless the password is empty. The one that worked is kept for the rest.
    ///
    /// # Errors
    ///
    /// That of the first form, if none works.
    pub fn find_form<T, E>(
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

/// Without the password.
impl fmt::Debug for PasswordOctets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordOctets(..)")
    }
}
