//! The octets that a password becomes.

use std::fmt;

use zeroize::Zeroizing;

/// A password in each form that a scheme has for it.
pub struct PasswordOctets<'p> {
    utf8: &'p str,
    utf16: Zeroizing<Vec<u8>>,
    empty: Option<EmptyForm>,
    rfc8018: Option<Rfc8018Form>,
}

/// What a password was for PBKDF2 in the parts that have been decrypted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Rfc8018Form {
    /// As RFC 8018 section 3 recommends.
    Utf8,
    /// As for RFC 7292: what old NSS did.
    Utf16,
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
            rfc8018: None,
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

    /// Whether an empty password was nothing at all in the derivation that succeeded, without the terminator that
    /// RFC 7292 appendix B.1 puts after every password. None for other passwords, and before any derivation.
    #[must_use]
    pub fn empty_without_terminator(&self) -> Option<bool> {
        self.empty.map(|form| form == EmptyForm::Nothing)
    }

    /// Whether it is known what the password is for RFC 7292: always, unless it is empty and nothing has been opened yet.
    pub(crate) fn has_one_form(&self) -> bool {
        !self.utf8.is_empty() || self.empty.is_some()
    }

    /// Whether PBKDF2 is tried with UTF-8 first.
    pub(crate) fn begins_with_utf8(&self) -> bool {
        self.rfc8018 != Some(Rfc8018Form::Utf16)
    }

    /// Tries the forms that the password may have for PBKDF2, until one works: UTF-8, then UTF-16.
    ///
    /// The one that worked is kept for the rest, so that no other part costs a guess.
    /// `is_wrong_key` tells an error of a wrong form from those that end the search.
    pub(crate) fn find_rfc8018_form<T, E>(
        &mut self,
        mut attempt: impl FnMut(&[u8]) -> Result<T, E>,
        is_wrong_key: impl FnOnce(&E) -> bool,
    ) -> Result<T, E> {
        match self.rfc8018 {
            Some(Rfc8018Form::Utf8) => return attempt(self.utf8()),
            Some(Rfc8018Form::Utf16) => return attempt(self.utf16()),
            // HMAC fills a key up with zeros (RFC 2104), so the two zero octets of UTF-16 are no other key.
            None if self.utf8.is_empty() => return attempt(b""),
            None => {}
        }
        let (form, result) = match attempt(self.utf8()) {
            Err(error) if is_wrong_key(&error) => (Rfc8018Form::Utf16, attempt(self.utf16())),
            decided => (Rfc8018Form::Utf8, decided),
        };
        if result.is_ok() {
            self.rfc8018 = Some(form);
        }
        result
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
        if self.has_one_form() {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The octets that were tried where `right` is the key, in each of two parts.
    fn tried(password: &str, right: &[u8]) -> Vec<Vec<u8>> {
        let mut tried = Vec::new();
        let mut octets = PasswordOctets::new(password);
        for _ in 0..2 {
            let attempt = |octets: &[u8]| {
                tried.push(octets.to_vec());
                if octets == right { Ok(()) } else { Err(()) }
            };
            let _ = octets.find_rfc8018_form(attempt, |()| true);
        }
        tried
    }

    #[test]
    fn a_form_that_was_right_is_not_guessed_again() {
        let utf16 = b"\0x\0\0".to_vec();
        let utf8 = b"x".to_vec();
        assert_eq!(tried("x", b"x"), [utf8.clone(), utf8.clone()]);
        assert_eq!(
            tried("x", &utf16),
            [utf8.clone(), utf16.clone(), utf16.clone()]
        );
        assert_eq!(tried("x", b"y"), [utf8.clone(), utf16.clone(), utf8, utf16]);
        assert_eq!(tried("", b"y"), [b"", b""]);
    }
}
