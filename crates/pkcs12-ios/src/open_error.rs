//! Why a file does not open as one key with its certificates.

use pki_core::KeyError;
use x509_identity::ParseError;

use crate::read::ReadError;

/// Why a file does not open as one key with its certificates.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The certificate's curve has no name, but its parameters, which RFC 5480 section 2.1.1 forbids: nobody can tell
    /// whether the key is its own.
    #[error(
        "the certificate of {subject} has explicit curve parameters, and TLS takes a named curve alone; have it issued \
         again for a key with a named curve (openssl ecparam -name prime256v1 -genkey)"
    )]
    ExplicitCurve {
        /// The certificate's subject (RFC 4514).
        subject: String,
    },

    /// The certificate that the file pairs with the key is for another key.
    #[error("the private key does not belong to the certificate it is paired with; {EXPORT_AGAIN}")]
    KeyCertMismatch,

    /// A certificate that may be the key's could not be read.
    #[error("certificate {position} of the file could not be read; {EXPORT_AGAIN}")]
    MalformedCertificate {
        /// Which one, in the order of the file, counted from 1.
        position: usize,
        /// What is wrong with it.
        #[source]
        source: ParseError,
    },

    /// There is no certificate for the key.
    #[error("the file does not have a certificate for its key; {EXPORT_AGAIN}")]
    NoCert,

    /// There is no private key.
    #[error("the file does not have a private key; {EXPORT_AGAIN}")]
    NoKey,

    /// The file itself could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),

    /// There is more than one private key.
    #[error("the file has {got} private keys, expected one; {EXPORT_AGAIN}")]
    SeveralIdentities {
        /// How many.
        got: usize,
    },

    /// The private key is of a kind that is not used here, or broken.
    #[error(transparent)]
    UnusableKey(KeyError),
}

const EXPORT_AGAIN: &str = "export it again, with one key and its certificate";
