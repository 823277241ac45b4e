//! Where in a file, and how much of what: the words of [`ReadError`](super::ReadError).

use std::fmt;

/// A part of a PKCS#12 file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Place {
    /// The sequence of parts that the MAC protects (RFC 7292 section 4.1).
    AuthenticatedSafe,
    /// A certificate bag.
    CertificateBag,
    /// An encrypted part, as a rule the certificates.
    EncryptedPart,
    /// A private key, encrypted or not.
    KeyBag,
    /// The message authentication code.
    Mac,
    /// The outermost structure.
    Pfx,
    /// A list of bags.
    SafeContents,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AuthenticatedSafe => "authenticated safe",
            Self::CertificateBag => "certificate bag",
            Self::EncryptedPart => "encrypted part",
            Self::KeyBag => "private key",
            Self::Mac => "MAC",
            Self::Pfx => "outer structure",
            Self::SafeContents => "list of bags",
        })
    }
}

/// A quantity that [`Limits`](crate::Limits) bounds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Limit {
    /// Attributes on one bag.
    Attributes,
    /// Bags of any type.
    Bags,
    /// Certificates.
    Certificates,
    /// Octets in the file.
    FileLen,
    /// Hash blocks of key derivation in the whole file.
    HashBlocks,
    /// Private keys.
    Keys,
    /// Levels of nesting.
    Nesting,
    /// Octets in one salt.
    SaltLen,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Attributes => "attributes on one bag",
            Self::Bags => "bags",
            Self::Certificates => "certificates",
            Self::FileLen => "bytes",
            Self::HashBlocks => "hash blocks of key derivation",
            Self::Keys => "private keys",
            Self::Nesting => "levels of nesting",
            Self::SaltLen => "bytes in a salt",
        })
    }
}

impl From<pbe::Limit> for Limit {
    fn from(limit: pbe::Limit) -> Self {
        match limit {
            pbe::Limit::SaltLen => Self::SaltLen,
            _ => Self::HashBlocks,
        }
    }
}
