//! Looking into a file, with or without its password.

use pki_core::Password;

use crate::read::{
    Archive, Bag, Limits, Opened, Part, Protection, ReadError, Refused, Walked, all_bags, walk,
};

/// How a file is protected, and what is in it, as far as it can be read.
#[derive(Debug)]
pub struct Inspection {
    walked: Walked,
    password: Option<PasswordForm>,
}

/// What about a password matters to readers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum PasswordForm {
    /// Printable, all of it.
    Ascii,
    /// Nothing at all.
    Empty,
    /// With characters that readers encode in different ways.
    Unicode,
}

/// Looks into a file without trusting it, by the same steps as [`Archive::read`]: without a password, at all that is
/// not encrypted.
///
/// Unlike there, what is protected in a way that is not read here is left closed ([`Opened::No`]), and the rest is shown.
/// A file without a MAC is inspected too: [`Inspection::check`] says who refuses it.
///
/// # Errors
///
/// As [`Archive::read`]: [`ReadError::MacMismatch`] for a wrong password, and others for what is not a PKCS#12 file.
pub fn inspect(
    pkcs12: &[u8],
    password: Option<&Password>,
    limits: &Limits,
) -> Result<Inspection, ReadError> {
    Ok(Inspection {
        walked: walk(pkcs12, password, limits, Refused::Note)?,
        password: password.map(|password| match password.secret_str() {
            "" => PasswordForm::Empty,
            text if text.chars().all(|c| matches!(c, ' '..='~')) => PasswordForm::Ascii,
            _ => PasswordForm::Unicode,
        }),
    })
}

impl Inspection {
    /// The message authentication code over the whole, if there is one.
    #[must_use]
    pub fn mac(&self) -> Option<&Protection> {
        self.walked.mac.as_ref().map(|(mac, _)| mac)
    }

    /// Whether the MAC was checked with the password; none if there is no MAC.
    #[must_use]
    pub fn mac_checked(&self) -> Option<&Opened> {
        self.walked.mac.as_ref().map(|(_, checked)| checked)
    }

    /// The parts of the file in their order, with the bags in them as far as they could be read.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.walked.parts
    }

    /// All bags of all parts, in their order, those within others too.
    #[must_use]
    pub fn bags(&self) -> Vec<&Bag> {
        all_bags(&self.walked.parts)
    }

    /// The keys and certificates that could be read. Without a password, that is what is not encrypted.
    #[must_use]
    pub fn archive(&self) -> &Archive {
        &self.walked.archive
    }

    /// For an empty password: whether it was nothing at all where keys were derived, as on macOS, and not an empty
    /// string with a terminator, as on iOS. None for other passwords, and where nothing tells.
    #[must_use]
    pub fn empty_without_terminator(&self) -> Option<bool> {
        self.walked.empty_without_terminator
    }

    /// None where no password was given.
    pub(super) fn password(&self) -> Option<PasswordForm> {
        self.password
    }
}
