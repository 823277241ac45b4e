//! A whole file: every key and certificate, in the order of their bags.

use std::fmt;

use const_oid::ObjectIdentifier;
use der::Decode;
use der::asn1::{BmpString, OctetStringRef};
use pki_core::Password;
use x509_cert::attr::Attributes;
use zeroize::Zeroizing;

use crate::asn1::{Pfx, oid};
use crate::ber;
use crate::contents::{self, Contents};
use crate::error::{Limit, Place, ReadError};
use crate::limits::{KdfBudget, Limits};
use crate::mac::Mac;
use crate::password::PasswordOctets;

/// Everything that a PKCS#12 file holds and that is read here: private keys and X.509 certificates.
///
/// CRL bags, secret bags and bags of unknown types are passed over without being decrypted, and so
/// are parts that are encrypted to somebody's public key instead of by the password.
#[derive(Debug, Default)]
pub struct Archive {
    pub(crate) certificates: Vec<ArchivedCertificate>,
    pub(crate) keys: Vec<ArchivedKey>,
}

impl Archive {
    /// Reads a file: first its MAC, then the rest.
    ///
    /// Takes BER as well as DER; PBES1 with 3DES and RC2; PBES2 with PBKDF2, AES and 3DES; MACs
    /// with SHA-1, SHA-2 and PBMAC1. The first bag that cannot be read ends the reading.
    ///
    /// # Errors
    ///
    /// [`ReadError::MacMismatch`] for a wrong password or a damaged file,
    /// [`ReadError::UnsupportedAlgorithm`] for the algorithms not named above (RC4, scrypt, MD5),
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

        let mut password = PasswordOctets::new(password);
        let mut budget = KdfBudget::new(limits);
        match &pfx.mac_data {
            Some(data) => {
                Mac::parse(data, &budget)?.verify(content, &mut password, &mut budget)?;
            }
            None if limits.allows_missing_mac() => {}
            None => return Err(ReadError::MacMissing),
        }
        let mut contents = Contents::new(password, budget);
        contents.read(content)?;
        Ok(contents.into_archive())
    }

    /// The certificates, in the order of their bags.
    #[must_use]
    pub fn certificates(&self) -> &[ArchivedCertificate] {
        &self.certificates
    }

    /// The private keys, in the order of their bags.
    #[must_use]
    pub fn keys(&self) -> &[ArchivedKey] {
        &self.keys
    }
}

/// A certificate and what its bag says of it.
#[derive(Debug)]
pub struct ArchivedCertificate {
    pub(crate) attributes: BagAttributes,
    pub(crate) der: Vec<u8>,
}

impl ArchivedCertificate {
    /// The certificate, in the bytes of the file.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// What the bag says of it.
    #[must_use]
    pub fn attributes(&self) -> &BagAttributes {
        &self.attributes
    }
}

/// A private key and what its bag says of it.
pub struct ArchivedKey {
    pub(crate) algorithm: ObjectIdentifier,
    pub(crate) attributes: BagAttributes,
    pub(crate) pkcs8: Zeroizing<Vec<u8>>,
}

impl ArchivedKey {
    /// What kind of key it is, such as `rsaEncryption`.
    #[must_use]
    pub fn algorithm(&self) -> ObjectIdentifier {
        self.algorithm
    }

    /// What the bag says of it.
    #[must_use]
    pub fn attributes(&self) -> &BagAttributes {
        &self.attributes
    }

    /// The key itself, as PKCS#8 DER.
    #[must_use]
    pub fn secret_pkcs8_der(&self) -> &[u8] {
        &self.pkcs8
    }
}

impl fmt::Debug for ArchivedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArchivedKey")
            .field("algorithm", &self.algorithm)
            .field("attributes", &self.attributes)
            .finish_non_exhaustive()
    }
}

/// What a bag says of its content (RFC 7292 section 4.2).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct BagAttributes {
    pub(crate) friendly_name: Option<String>,
    pub(crate) local_key_id: Option<Vec<u8>>,
}

impl BagAttributes {
    /// The name shown to a user (RFC 2985 section 5.5.1).
    #[must_use]
    pub fn friendly_name(&self) -> Option<&str> {
        self.friendly_name.as_deref()
    }

    /// What a key and its certificate have in common (RFC 2985 section 5.5.2).
    #[must_use]
    pub fn local_key_id(&self) -> Option<&[u8]> {
        self.local_key_id.as_deref()
    }

    pub(crate) fn read(attributes: Option<Attributes>, limits: &Limits) -> Result<Self, ReadError> {
        let mut read = Self::default();
        let Some(attributes) = attributes else {
            return Ok(read);
        };
        limits.check(Limit::Attributes, limits.attributes, attributes.len())?;
        for attribute in attributes.iter() {
            let Some(value) = attribute.values.get(0) else {
                continue;
            };
            match attribute.oid {
                // Both are hints for people and pairing; one of another type is as good as none.
                oid::FRIENDLY_NAME => {
                    read.friendly_name = value.decode_as::<BmpString>().ok().map(|s| s.to_string());
                }
                oid::LOCAL_KEY_ID => {
                    let id = value.decode_as::<&OctetStringRef>().ok();
                    read.local_key_id = id.map(|id| id.as_bytes().to_vec());
                }
                _ => {}
            }
        }
        Ok(read)
    }
}
