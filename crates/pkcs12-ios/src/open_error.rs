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

    /// No private key with a certificate has the name that was asked for.
    #[error("the file does not have a private key of that name; there are {}", list(.names))]
    NoKeyOfThatName {
        /// The names that there are.
        names: Vec<String>,
    },

    /// The file itself could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),

    /// Several private keys have a certificate, and none was asked for by name.
    #[error(
        "the file has several private keys with certificates; choose one by its name: {}",
        list(.names)
    )]
    SeveralIdentities {
        /// The names of those that have one.
        names: Vec<String>,
    },

    /// The private key is of a kind that is not used here, or broken.
    #[error(transparent)]
    UnusableKey(KeyError),
}

const EXPORT_AGAIN: &str = "export it again, with one key and its certificate";

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "no names in it".to_owned();
    }
    let quoted: Vec<_> = names.iter().map(|name| format!("{name:?}")).collect();
    quoted.join(", ")
}
