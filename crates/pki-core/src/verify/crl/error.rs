//! Why one CRL cannot be used.

use const_oid::ObjectIdentifier;
use der::ErrorKind;

/// Why a CRL cannot be used as the complete list of its issuer.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrlError {
    /// It lists attribute certificates only.
    #[error("CRL covers attribute certificates only")]
    AttributeCertificates,

    /// It lists changes to another CRL only.
    #[error("CRL is a delta CRL: load the complete one")]
    Delta,

    /// An extension occurs twice.
    #[error("CRL has extension {0} twice")]
    DuplicateExtension(ObjectIdentifier),

    /// It lists certificates of other issuers.
    #[error("CRL is an indirect CRL: load the one that each CA issued itself")]
    Indirect,

    /// It is not the DER of a CRL.
    #[error("CRL cannot be read")]
    Malformed(#[source] der::Error),

    /// It does not say until when it holds, so nobody could tell that it is out of date.
    #[error("CRL has no nextUpdate")]
    NoNextUpdate,

    /// It lists revocations for some reasons only.
    #[error("CRL covers some revocation reasons only")]
    PartialReasons,

    /// An extension is marked critical that RFC 5280 makes non-critical.
    #[error("CRL marks extension {0} critical, which RFC 5280 does not allow")]
    MarkedCritical(ObjectIdentifier),

    /// Its distribution point is named relative to the issuer.
    #[error("CRL names its distribution point relative to its issuer, which is not understood")]
    RelativeDistributionPoint,

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
