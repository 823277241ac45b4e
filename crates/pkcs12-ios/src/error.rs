//! Why a bundle is not written, and why a file is not read.

use std::error::Error;
use std::fmt;
use std::ops::RangeInclusive;

use const_oid::ObjectIdentifier;
use pki_core::KeyError;
use x509_identity::ParseError;

use crate::asn1::oid;

type Source = Box<dyn Error + Send + Sync>;

/// Why no bundle was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A certificate of the chain did not issue the one before it.
    #[error(
        "certificate {index} of the chain (0 is the leaf's issuer) does not continue it: {reason}"
    )]
    ChainBroken {
        /// Where in the chain, counted from 0.
        index: usize,
        /// What does not fit.
        reason: BrokenLink,
    },

    /// The password is empty, and readers do not agree on what an empty password is.
    #[error("the password is empty")]
    EmptyPassword,

    /// A part could not be encoded.
    #[error("the bundle could not be encoded")]
    Encode(#[source] Source),

    /// The friendly name is empty or too long (RFC 2985 section 5.5.1 allows 255 characters).
    #[error("the friendly name has {got} characters, allowed are 1 to 255")]
    FriendlyNameLength {
        /// How many it has.
        got: usize,
    },

    /// The friendly name has a NUL, or a character that a BMPString cannot hold.
    #[error("character {index} of the friendly name cannot be written as a BMPString")]
    FriendlyNameNotBmp {
        /// Which character, counted from 0.
        index: usize,
    },

    /// The iteration count is one that readers refuse or that protects nothing.
    #[error("{got} iterations are outside {} to {}", .allowed.start(), .allowed.end())]
    IterationsOutOfRange {
        /// What was asked for.
        got: u32,
        /// What is allowed.
        allowed: RangeInclusive<u32>,
    },

    /// The certificate is for another key.
    #[error("the private key does not belong to the certificate")]
    KeyCertMismatch,

    /// The leaf is a certificate authority, and its key has no place on a device.
    #[error("the certificate is a CA certificate, not one for a client or server")]
    LeafIsCa,

    /// A certificate could not be read.
    #[error("{} could not be read", certificate_at(.index))]
    MalformedCertificate {
        /// Where in the chain, counted from 0; none for the leaf.
        index: Option<usize>,
        /// What is wrong with it.
        #[source]
        source: ParseError,
    },

    /// The password has a NUL, or a character that not every reader takes.
    #[error("character {index} of the password is not printable ASCII, which some readers refuse")]
    PasswordNotPortable {
        /// Which character, counted from 0.
        index: usize,
    },

    /// The random source failed.
    #[error("no random bytes could be had")]
    Random,
}

impl BuildError {
    pub(crate) fn encode(source: impl Into<Source>) -> Self {
        Self::Encode(source.into())
    }
}

fn certificate_at(index: &Option<usize>) -> String {
    match index {
        None => "the certificate".to_owned(),
        Some(index) => format!("certificate {index} of the chain"),
    }
}

/// Why one certificate is not the issuer of another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum BrokenLink {
    /// Its key did not make the signature.
    BadSignature,
    /// Its subject key identifier is not the one asked for.
    KeyIdentifierMismatch,
    /// Its subject is not the issuer named.
    NameMismatch,
    /// It is not a CA certificate.
    NotACa,
    /// The signature algorithm is one that cannot be checked here.
    UnknownSignatureAlgorithm,
}

impl fmt::Display for BrokenLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadSignature => "its key did not sign the certificate before it",
            Self::KeyIdentifierMismatch => "its key identifier is not that of the issuer",
            Self::NameMismatch => "its subject is not the issuer of the certificate before it",
            Self::NotACa => "it is not a CA certificate",
            Self::UnknownSignatureAlgorithm => "the signature algorithm cannot be checked",
        })
    }
}

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file is of another version than 3, the only one there is.
    #[error("PKCS#12 version {got} is not known, only 3 is")]
    BadVersion {
        /// The version it names.
        got: i64,
    },

    /// A part could not be decrypted, although the MAC is right (or absent).
    #[error("the {place} could not be decrypted")]
    DecryptFailed {
        /// Which part.
        place: Place,
    },

    /// An iteration count is zero, negative or too high.
    #[error("the {place} asks for {got} iterations, allowed are {} to {}", .allowed.start(), .allowed.end())]
    IterationsOutOfRange {
        /// Which part.
        place: Place,
        /// What it asks for.
        got: i64,
        /// What is allowed.
        allowed: RangeInclusive<u32>,
    },

    /// The file is larger, deeper or dearer than allowed.
    #[error("the file has {got} {what}, allowed are {limit}")]
    LimitExceeded {
        /// Of what.
        what: Limit,
        /// What [`Limits`](crate::Limits) says.
        limit: u64,
        /// What was found, as far as it was counted.
        got: u64,
    },

    /// The MAC does not fit: the password is wrong, or the file is damaged.
    #[error("the password is wrong or the file is damaged")]
    MacMismatch,

    /// There is no MAC, so nothing shows that the file is whole.
    #[error("the file has no MAC")]
    MacMissing,

    /// A part is not encoded as RFC 7292 says.
    #[error("the {place} is malformed")]
    Malformed {
        /// Which part.
        place: Place,
        /// What is wrong with it.
        #[source]
        source: Source,
    },

    /// The file is not PKCS#12, not BER, or cut off.
    #[error("not a PKCS#12 file: no valid BER at byte {offset}")]
    NotPkcs12 {
        /// Where reading stopped.
        offset: usize,
    },

    /// Something follows after the end.
    #[error("{len} bytes follow after the end of the file's structure")]
    TrailingData {
        /// How many bytes.
        len: usize,
    },

    /// An algorithm or form that is not read here: unsafe, or never seen in use.
    #[error("the {place} uses {}, which is not supported", named(.oid))]
    UnsupportedAlgorithm {
        /// Its object identifier.
        oid: ObjectIdentifier,
        /// Which part.
        place: Place,
    },

    /// An algorithm is known, but its parameters are not ones to be trusted with.
    #[error("the {place} has unusable parameters: {reason}")]
    UnsupportedParameters {
        /// Which part.
        place: Place,
        /// What is wrong with them.
        reason: &'static str,
    },
}

impl ReadError {
    pub(crate) fn malformed(place: Place) -> impl FnOnce(der::Error) -> Self {
        move |source| Self::Malformed {
            place,
            source: source.into(),
        }
    }
}

fn named(oid: &ObjectIdentifier) -> String {
    match oid::name(oid) {
        Some(name) => format!("{name} ({oid})"),
        None => oid.to_string(),
    }
}

/// Why a file does not open as one key with its certificates.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The certificate that the file pairs with the key is for another key.
    #[error("the private key does not belong to the certificate it is paired with")]
    KeyCertMismatch,

    /// A certificate could not be read.
    #[error("certificate {index} of the file could not be read")]
    MalformedCertificate {
        /// Which one, in the order of the file, counted from 0.
        index: usize,
        /// What is wrong with it.
        #[source]
        source: ParseError,
    },

    /// There is no certificate for the key.
    #[error("the file has no certificate for its key")]
    NoCert,

    /// There is no private key.
    #[error("the file has no private key")]
    NoKey,

    /// The file itself could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),

    /// There is more than one private key.
    #[error("the file has {got} private keys, expected one")]
    SeveralIdentities {
        /// How many.
        got: usize,
    },

    /// The private key is of a kind that is not used here, or broken.
    #[error("the private key could not be used")]
    UnusableKey(#[source] KeyError),
}

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
    /// Private keys.
    Keys,
    /// Levels of nesting.
    Nesting,
    /// Octets in one salt.
    SaltLen,
    /// Rounds of key derivation in the whole file.
    TotalIterations,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Attributes => "attributes on one bag",
            Self::Bags => "bags",
            Self::Certificates => "certificates",
            Self::FileLen => "bytes",
            Self::Keys => "private keys",
            Self::Nesting => "levels of nesting",
            Self::SaltLen => "bytes in a salt",
            Self::TotalIterations => "rounds of key derivation",
        })
    }
}
