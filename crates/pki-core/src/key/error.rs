//! Why a key could not be made, read or written.

use crate::pem::PemError;

/// A key that could not be made, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file is encrypted and was opened without a password.
    #[error(
        "the key is encrypted and no password was given: give it, or write the key in the clear to a file that only \
         its owner can read (openssl pkey -in KEY -out PLAIN_KEY)"
    )]
    Encrypted,

    /// The file could not be decrypted, although its encryption is one that is read: nearly always the wrong password.
    #[error("the key could not be decrypted: the password is wrong or the file is damaged")]
    Decrypt,

    /// Nothing was there to read.
    #[error("the key file is empty")]
    Empty,

    /// The random source or the key generation failed.
    #[error("no key could be generated")]
    Generate(#[source] BoxError),

    /// The key derivation of an encrypted file asks for more work than is reasonable.
    #[error(
        "the encrypted key asks for {got} {what}, more than the {limit} allowed; encrypt it again with `{CONVERT}`"
    )]
    KdfLimit {
        /// Of what there is too much.
        what: String,
        /// The largest that is accepted.
        limit: u64,
        /// What the file asks for.
        got: u64,
    },

    /// The bytes are not a private key in any known form.
    #[error("the private key is malformed")]
    Malformed(#[source] BoxError),

    /// A PEM file without a private key in it.
    #[error("a private key is expected and the file holds {found}")]
    NotAKey {
        /// What the file holds instead.
        found: String,
    },

    /// Binary where text was expected.
    #[error(
        "the key is not PEM text; convert it with `openssl pkey -inform DER -in KEY -out KEY.pem`"
    )]
    NotPem,

    /// A key of OpenSSH, whose own form TLS programs do not read.
    #[error(
        "the key is in OpenSSH's own form; convert a copy of it with `ssh-keygen -p -m PKCS8 -f COPY`"
    )]
    OpenSshForm,

    /// A PEM section of the file is broken or not known.
    #[error("the key file cannot be read: {0}")]
    Pem(PemError),

    /// The key is larger than any key can be.
    #[error("the key file has {got} bytes, more than the {limit} allowed")]
    TooLarge {
        /// The largest that is accepted, in bytes.
        limit: usize,
        /// The size of the file, in bytes.
        got: usize,
    },

    /// The end of the key is missing.
    #[error("the private key is cut off: copy the whole file")]
    Truncated,

    /// A key of a kind that this crate does not use.
    #[error(
        "{found} are not supported; use P-256, P-384, P-521, RSA 2048, 3072 or 4096, Ed25519 or ML-DSA"
    )]
    Unsupported {
        /// What was found, such as `Ed448 keys`.
        found: String,
    },

    /// A key of a kind that TLS cannot sign with here.
    #[error(
        "{found} are not supported; use ECDSA on P-256, P-384 or P-521, RSA of 2048 to 8192 bits, Ed25519 or ML-DSA"
    )]
    Unusable {
        /// What was found, such as `Ed448 keys`.
        found: String,
    },

    /// A file that is encrypted by a cipher or a key derivation that is not read.
    #[error(
        "the key is encrypted with {algorithm}, which is not supported; convert it with `{CONVERT}` (OpenSSL 3 reads \
         some ciphers with `-provider legacy -provider default` alone)"
    )]
    UnsupportedEncryption {
        /// Name and object identifier of what is not read.
        algorithm: String,
    },

    /// The public key in the file is not the private key's, or the key has no form that its kind may have.
    #[error("the {kind} key's parts do not belong together")]
    Inconsistent {
        /// The kind of key, such as `P-256`.
        kind: &'static str,
        /// What the cryptographic library said.
        #[source]
        source: BoxError,
    },
}

/// What every OpenSSL from 1.0 on takes, and every reader of today reads.
const CONVERT: &str = "openssl pkcs8 -topk8 -v2 aes-256-cbc -in KEY -out NEW_KEY";

/// A dependency's error, kept as the cause.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl KeyError {
    pub(super) fn generate(source: impl Into<BoxError>) -> Self {
        Self::Generate(source.into())
    }

    pub(super) fn unsupported(found: impl Into<String>) -> Self {
        let found = found.into();
        Self::Unsupported { found }
    }

    pub(super) fn unusable(found: impl Into<String>) -> Self {
        let found = found.into();
        Self::Unusable { found }
    }

    pub(super) fn malformed(source: impl Into<BoxError>) -> Self {
        Self::Malformed(source.into())
    }
}
