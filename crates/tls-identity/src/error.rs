//! Why files make no identity.

use std::error::Error as StdError;

use pkcs12_ios::OpenError;
use pki_core::KeyError;
use pki_core::pem::PemError;
use x509_identity::ParseError;

use crate::Found;

/// An identity that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// A certificate of the chain cannot be read.
    #[error(
        "certificate {position} of the chain cannot be read: take it again from where it was issued"
    )]
    Certificate {
        /// Which one, counted from 1.
        position: usize,
        /// What is wrong with it.
        source: ParseError,
    },

    /// The key belongs to a certificate further down.
    #[error("the key belongs to certificate {position} of the chain; put that certificate first")]
    ChainOrder {
        /// Which one, counted from 1.
        position: usize,
    },

    /// Nothing was there to read.
    #[error("the certificate file is empty")]
    Empty,

    /// The certificate's curve has no name, but its parameters, which RFC 5480 section 2.1.1 forbids and no peer takes.
    #[error(
        "the certificate of {subject} has explicit curve parameters, and TLS takes a named curve alone; convert the key \
         with `openssl ec -param_enc named_curve -in KEY -out NEW_KEY`, and have the certificate issued again for it"
    )]
    ExplicitCurve {
        /// The certificate's subject (RFC 4514).
        subject: String,
    },

    /// The key cannot be read.
    #[error(transparent)]
    Key(KeyError),

    /// The key is another certificate's.
    #[error(
        "the key does not belong to the certificate of {subject}; use the key that the certificate \
         was requested with"
    )]
    KeyMismatch {
        /// The certificate's subject (RFC 4514).
        subject: String,
    },

    /// The key is another certificate's, and the file has more than this one.
    #[error(
        "the file holds {count} private keys, and the first, which counts, does not belong to the certificate of \
         {subject}; leave the certificate's own key alone in it"
    )]
    FirstKey {
        /// The certificate's subject (RFC 4514).
        subject: String,
        /// How many keys the file has.
        count: usize,
    },

    /// There is no certificate where one was expected.
    #[error("{}", no_certificate(found))]
    NoCertificate {
        /// What was there instead.
        found: Found,
    },

    /// Something else than a bundle is given as one.
    #[error("a PKCS#12 bundle (.p12, .pfx) is expected and the file holds {found}")]
    NotPkcs12 {
        /// What was there instead.
        found: Found,
    },

    /// A PEM section of the chain is broken or not known.
    #[error("{}", section(.0))]
    Pem(PemError),

    /// The `.p12` bundle cannot be opened.
    #[error(transparent)]
    Pkcs12(OpenError),

    /// The certificate is for RSASSA-PSS alone (RFC 4055 section 1.2), and the key for any RSA.
    #[error(
        "the certificate of {subject} allows its RSA key no other use than RSASSA-PSS, which is not supported; have it \
         issued again for the key as rsaEncryption (openssl genpkey -algorithm RSA)"
    )]
    PssKey {
        /// The certificate's subject (RFC 4514).
        subject: String,
    },

    /// Whatever signs makes signatures that TLS 1.3 does not take.
    #[error(
        "the key signs by PKCS#1 v1.5 alone, which TLS 1.3 does not take; have the certificate issued for an EC key"
    )]
    SignerAlgorithm,

    /// The key is readable, but TLS cannot sign with it.
    #[error("TLS cannot sign with this key")]
    Unusable(#[source] Box<dyn StdError + Send + Sync>),
}

impl IdentityError {
    /// Whether the key is at fault, rather than the certificate chain.
    #[must_use]
    pub fn is_about_key(&self) -> bool {
        matches!(
            self,
            Self::FirstKey { .. }
                | Self::Key(_)
                | Self::KeyMismatch { .. }
                | Self::SignerAlgorithm
                | Self::Unusable(_)
        )
    }
}

fn section(error: &PemError) -> String {
    match error {
        // Whole, and of no use here.
        PemError::Container { .. } | PemError::Rejected { .. } => error.to_string(),
        _ => format!("the certificate chain is damaged: {error}"),
    }
}

fn no_certificate(found: &Found) -> String {
    let swapped = matches!(
        found,
        Found::PrivateKey | Found::EncryptedPrivateKey | Found::OpenSshKey | Found::PuttyKey
    );
    let hint = if swapped {
        ": certificate and key look swapped"
    } else {
        ""
    };
    format!("no certificate in it, but {found}{hint}")
}
