//! Walking through a file, with or without its password.

use der::Decode;
use pbe::{Budget, PasswordOctets};
use pki_core::Password;

use crate::asn1::Pfx;
use crate::read::{
    Archive, Contents, Limit, Limits, Mac, Place, Protection, ReadError, ber, data_of,
};

/// How a file is protected, and with its password what is in it.
#[derive(Debug)]
pub struct Inspection {
    mac: Option<Protection>,
    parts: Vec<Protection>,
    archive: Option<Archive>,
    empty_password: bool,
}

/// Looks at a file without trusting it: with a password, [`Archive::read`]'s checks come first; without one, only what
/// is not encrypted is read.
///
/// A file without a MAC is inspected, too: [`Inspection::check`] says who refuses it.
///
/// # Errors
///
/// As [`Archive::read`].
pub fn inspect(
    pkcs12: &[u8],
    password: Option<&Password>,
    limits: &Limits,
) -> Result<Inspection, ReadError> {
    limits.check(Limit::FileLen, limits.file_len, pkcs12.len())?;
    let outer = ber::to_der(pkcs12, Place::Pfx, limits)?;
    let pfx = Pfx::from_der(&outer).map_err(ReadError::malformed(Place::Pfx))?;
    if pfx.version != 3 {
        return Err(ReadError::BadVersion { got: pfx.version });
    }
    let content = data_of(&pfx.auth_safe, Place::Pfx)?;
    let mut budget = Budget::new(limits.of_key_derivation());
    let mut octets = password.map(|password| PasswordOctets::new(password.secret_str()));
    if let (Some(data), Some(octets)) = (&pfx.mac_data, &mut octets) {
        Mac::parse(data, limits, &budget)?.verify(content, octets, &mut budget)?;
    }
    let mut contents = Contents::new(limits, octets, budget);
    contents.read(content)?;
    let (archive, parts) = contents.into_parts();
    Ok(Inspection {
        mac: pfx.mac_data.as_ref().map(Protection::of_mac),
        parts,
        archive: password.is_some().then_some(archive),
        empty_password: password.is_some_and(|password| password.secret_str().is_empty()),
    })
}

impl Inspection {
    /// The message authentication code over the whole, if there is one.
    #[must_use]
    pub fn mac(&self) -> Option<&Protection> {
        self.mac.as_ref()
    }

    /// How keys and encrypted parts are protected, in their order. Without a password nothing inside of an encrypted
    /// part is among them.
    #[must_use]
    pub fn parts(&self) -> &[Protection] {
        &self.parts
    }

    /// Whether it opened with an empty password.
    pub(super) fn has_empty_password(&self) -> bool {
        self.empty_password
    }

    /// Keys and certificates, where the password was given.
    #[must_use]
    pub fn archive(&self) -> Option<&Archive> {
        self.archive.as_ref()
    }
}
