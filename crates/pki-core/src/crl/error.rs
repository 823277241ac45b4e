//! Why one CRL cannot be used.

use const_oid::ObjectIdentifier;
use der::ErrorKind;

/// Why a CRL cannot be used, or not as the complete CRL of its issuer.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrlError {
    /// It is about attribute certificates only.
    #[error("CRL covers attribute certificates only")]
    AttributeCertificates,

    /// It says that it is for the certificates of CAs alone, and for those of leaves alone.
    #[error("CRL says that it covers CA certificates only, and end-entity certificates only")]
    Contradiction,

    /// It has the changes to another CRL only.
    #[error("CRL is a delta CRL: load the complete one")]
    Delta,

    /// An extension occurs twice.
    #[error("CRL has extension {0} twice")]
    DuplicateExtension(ObjectIdentifier),

    /// It is about certificates of other issuers.
    #[error("CRL is an indirect CRL: load the one that each CA issued itself")]
    Indirect,

    /// It is not the DER of a CRL.
    #[error("CRL is not well-formed DER")]
    Malformed(#[source] der::Error),

    /// It does not say when the next one is due, so it could not be found to be out of date.
    #[error("CRL has no nextUpdate")]
    NoNextUpdate,

    /// It has revocations for some reasons only.
    #[error("CRL covers some revocation reasons only")]
    PartialReasons,

    /// An extension is marked critical that RFC 5280 makes non-critical.
    #[error("CRL marks extension {0} critical, which RFC 5280 does not allow")]
    MarkedCritical(ObjectIdentifier),

    /// Its distribution point is named relative to the issuer.
    #[error("CRL names its distribution point relative to its issuer, which is not understood")]
    RelativeDistributionPoint,

    /// The algorithm inside the signed part is not the one named beside the signature (RFC 5280
    /// section 5.1.1.2).
    #[error(
        "CRL names one signature algorithm in its signed part and another beside its signature"
    )]
    SignatureAlgorithmMismatch,

    /// A date that is not written as RFC 5280 section 5.1.2.4 wants it, or that is not a possible date.
    #[error(
        "{what} is `{found}`, which is not a time in the form YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ: without fractions of a \
         second, with seconds, and in UTC (RFC 5280 section 5.1.2.4)"
    )]
    Time {
        /// Which date of the CRL, in words.
        what: &'static str,
        /// What is there, with anything but printable ASCII escaped, and cut off where it is long.
        found: String,
    },

    /// A critical extension, of the CRL or an entry, that nothing here obeys.
    #[error("CRL has a critical extension that is not understood ({0})")]
    UnknownCriticalExtension(ObjectIdentifier),

    /// Neither version 1 nor version 2.
    #[error("CRL has an unknown version")]
    Version,
}

impl From<der::Error> for CrlError {
    fn from(source: der::Error) -> Self {
        Self::Malformed(source)
    }
}

impl From<ErrorKind> for CrlError {
    fn from(kind: ErrorKind) -> Self {
        Self::Malformed(kind.into())
    }
}
