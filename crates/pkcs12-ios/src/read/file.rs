//! A whole file, from its outermost structure to its bags.

use der::Decode;
use pbe::{Budget, PasswordOctets};
use pki_core::Password;

use super::archive::Archive;
use super::ber;
use super::contents::{self, Contents};
use super::error::ReadError;
use super::limits::Limits;
use super::mac::Mac;
use super::place::{Limit, Place};
use crate::asn1::Pfx;

impl Archive {
    /// Reads a file: first its MAC, then the rest.
    ///
    /// It takes BER as well as DER, the encryption that [`pbe`] reads, and MACs with SHA-1, SHA-2 and PBMAC1. The first
    /// bag that cannot be read ends the reading.
    ///
    /// # Errors
    ///
    /// [`ReadError::MacMismatch`] for a wrong password or a damaged file,
    /// [`ReadError::UnsupportedAlgorithm`] for the algorithms not named above (RC4, a MAC with MD5),
    /// [`ReadError::LimitExceeded`] and [`ReadError::IterationsOutOfRange`] for a file that costs
    /// more than `limits` allow, and the other [`ReadError`]s for one that is malformed.
    pub fn read(pkcs12: &[u8], password: &Password, limits: &Limits) -> Result<Self, ReadError> {
        limits.check(Limit::FileLen, limits.file_len, pkcs12.len())?;
        let outer = ber::to_der(pkcs12, Place::Pfx, limits)?;
        let pfx = Pfx::from_der(&outer).map_err(ReadError::malformed(Place::Pfx))?;
        if pfx.version != 3 {
            return Err(ReadError::BadVersion { got: pfx.version });
        }
        let content = contents::data_of(&pfx.auth_safe, Place::Pfx)?;

        let mut password = PasswordOctets::new(password.secret_str());
        let mut budget = Budget::new(limits.of_key_derivation());
        match &pfx.mac_data {
            Some(data) => {
                Mac::parse(data, limits, &budget)?.verify(content, &mut password, &mut budget)?;
            }
            None if limits.allows_missing_mac() => {}
            None => return Err(ReadError::MacMissing),
        }
        let mut contents = Contents::new(limits, Some(password), budget);
        contents.read(content)?;
        Ok(contents.into_parts().0)
    }
}
