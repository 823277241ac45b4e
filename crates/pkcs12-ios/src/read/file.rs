//! A whole file, from its outermost structure to its bags.

use der::Decode;
use pbe::{Budget, PasswordOctets};
use pki_core::Password;

use super::archive::Archive;
use super::ber;
use super::contents::{Contents, Refused, data_of};
use super::error::ReadError;
use super::limits::Limits;
use super::mac::Mac;
use super::part::{Opened, Part};
use super::place::{Limit, Place};
use super::protection::Protection;
use super::text;
use crate::asn1::Pfx;

impl Archive {
    /// Reads a file. Nothing is decrypted before its MAC is verified.
    ///
    /// It takes BER as well as DER, the encryption that [`pbe`] reads, but for scrypt, and MACs with SHA-1, SHA-2 and
    /// PBMAC1. Before any key is derived, what the file shows of its costs is added up and every algorithm judged. The
    /// first bag that cannot be read ends the reading.
    ///
    /// # Errors
    ///
    /// [`ReadError::MacMismatch`] for a wrong password or a damaged file,
    /// [`ReadError::UnsupportedAlgorithm`] for the algorithms not named above (RC4, a MAC with MD5),
    /// [`ReadError::LimitExceeded`] and [`ReadError::IterationsOutOfRange`] for a file that costs
    /// more than `limits` allow, and the other [`ReadError`]s for one that is malformed.
    pub fn read(pkcs12: &[u8], password: &Password, limits: &Limits) -> Result<Self, ReadError> {
        walk(pkcs12, Some(password), limits, Refused::Stop).map(|walked| walked.archive)
    }
}

/// All that was read of a file.
#[derive(Debug)]
pub(crate) struct Walked {
    pub(crate) archive: Archive,
    pub(crate) mac: Option<(Protection, Opened)>,
    pub(crate) parts: Vec<Part>,
    /// Whether an empty password was nothing at all where its key was derived.
    pub(crate) empty_without_terminator: Option<bool>,
}

/// Reads a file twice: without the password, which adds up what it will cost and refuses what is not read, and with it.
pub(crate) fn walk(
    pkcs12: &[u8],
    password: Option<&Password>,
    limits: &Limits,
    refused: Refused,
) -> Result<Walked, ReadError> {
    limits.check(Limit::FileLen, limits.file_len, pkcs12.len())?;
    text::refuse(pkcs12)?;
    let outer = ber::to_der(pkcs12, Place::Pfx, limits)?;
    let pfx = Pfx::from_der(&outer).map_err(ReadError::malformed(Place::Pfx))?;
    if pfx.version.0 != 3 {
        return Err(ReadError::BadVersion { got: pfx.version.0 });
    }
    let content = data_of(&pfx.auth_safe, Place::Pfx)?;
    if pfx.mac_data.is_none() && refused == Refused::Stop && !limits.allows_missing_mac() {
        return Err(ReadError::MacMissing);
    }

    let mut of_keys = limits.of_key_derivation();
    if password.is_none() {
        // Nothing is derived.
        of_keys.hash_blocks = u64::MAX;
    }
    let mut budget = Budget::new(of_keys);
    let mut costs = budget.clone();
    let judge = |data| {
        let mac = Mac::parse(data, limits, &budget)?;
        mac.charge(&mut costs)?;
        Ok::<_, ReadError>(mac)
    };
    let mac = match pfx.mac_data.as_ref().map(judge) {
        None => None,
        Some(Err(error)) if refused == Refused::Stop || !error.is_about_protection() => {
            return Err(error);
        }
        Some(judged) => Some(judged),
    };
    let mut contents = Contents::new(limits, None, costs, refused);
    contents.read(content)?;

    if let Some(password) = password {
        let mut octets = PasswordOctets::new(password.secret_str());
        if let Some(Ok(mac)) = &mac {
            let of_safe = ReadError::encryption(Place::AuthenticatedSafe);
            if let Some(of_mac) = mac.derivation() {
                let mut together = contents.derivations.clone();
                together.retain(|derivation| derivation.fits_beside(&of_mac));
                together.push(of_mac);
                budget.prepare(&together, &octets).map_err(of_safe)?;
            }
            mac.verify(content, &mut octets, &mut budget)?;
            // The password is right, so that none of the others is in vain.
            budget
                .prepare(&contents.derivations, &octets)
                .map_err(of_safe)?;
        }
        contents = Contents::new(limits, Some(octets), budget, refused);
        contents.read(content)?;
    }
    let opened = |mac: Result<Mac<'_>, ReadError>| match mac {
        Err(error) => Opened::No(error),
        Ok(_) if password.is_some() => Opened::Yes,
        Ok(_) => Opened::WithoutPassword,
    };
    let protection = pfx.mac_data.as_ref().map(Protection::of_mac);
    Ok(Walked {
        mac: protection.zip(mac.map(opened)),
        empty_without_terminator: contents
            .password
            .as_ref()
            .and_then(PasswordOctets::empty_without_terminator),
        archive: contents.archive,
        parts: contents.parts,
    })
}
