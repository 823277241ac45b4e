use const_oid::ObjectIdentifier;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::verify::VerifyError;

/// Why a response does not count as an answer. None of these says anything about the certificate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OcspError {
    /// The key of the responder that it names did not sign it.
    #[error("OCSP response is not signed by the key of {responder}")]
    BadSignature {
        /// The CA, or the responder whose certificate came with the response.
        responder: String,
    },

    /// An extension occurs twice.
    #[error("OCSP response has extension {0} twice")]
    DuplicateExtension(ObjectIdentifier),

    /// A request or response could not be encoded.
    #[error("OCSP message could not be encoded")]
    Encode(#[source] der::Error),

    /// Not the DER of an OCSP response.
    #[error("OCSP response cannot be read")]
    Malformed(#[source] der::Error),

    /// It has no nextUpdate, and its thisUpdate is not this moment.
    #[error(
        "OCSP response of {} has no nextUpdate, so it counts for that moment only, and it is {} now",
        stamp(this_update),
        stamp(now)
    )]
    NoNextUpdate {
        /// When the status was known.
        this_update: OffsetDateTime,
        /// The time of the check.
        now: OffsetDateTime,
    },

    /// It has another nonce than the request.
    #[error("OCSP response answers another request (its nonce is not ours)")]
    NonceMismatch,

    /// It has no nonce, and the request had one.
    #[error(
        "OCSP response does not repeat the nonce: the responder makes its answers ahead, ask it without one"
    )]
    NonceMissing,

    /// It is dated in the future.
    #[error(
        "OCSP response starts at {}, it is {} now: check the clocks",
        stamp(this_update),
        stamp(now)
    )]
    NotYetValid {
        /// When the status was known.
        this_update: OffsetDateTime,
        /// The time of the check.
        now: OffsetDateTime,
    },

    /// It is about other certificates.
    #[error("OCSP response is not about this certificate")]
    OtherCertificate,

    /// The responder that signed it was not allowed to.
    #[error("OCSP responder {subject} may not answer for this CA")]
    Responder {
        /// The subject of its certificate.
        subject: String,
        /// Why not.
        source: ResponderError,
    },

    /// There should be newer information by now.
    #[error(
        "OCSP response expired at {}, it is {} now",
        stamp(next_update),
        stamp(now)
    )]
    Stale {
        /// Its nextUpdate.
        next_update: OffsetDateTime,
        /// The time of the check.
        now: OffsetDateTime,
    },

    /// Larger than [`MAX_RESPONSE_LEN`](super::MAX_RESPONSE_LEN), or with more parts than an honest one has.
    #[error("OCSP response is larger than an answer about one certificate is")]
    TooLarge,

    /// A critical extension that nothing here obeys.
    #[error("OCSP response has a critical extension that is not understood ({0})")]
    UnknownCriticalExtension(ObjectIdentifier),

    /// It names a responder that is not the CA, and whose certificate is not there.
    #[error("OCSP response is not signed by a responder that the CA appointed")]
    UnknownResponder,

    /// Not a basic OCSP response.
    #[error("OCSP response has an unknown type ({0})")]
    UnknownType(ObjectIdentifier),

    /// The responder gives no answer; the name is the RFC's.
    #[error("OCSP responder gives no answer: {status}")]
    Unsuccessful {
        /// malformedRequest, internalError, tryLater, sigRequired or unauthorized.
        status: &'static str,
    },

    /// Signed with an algorithm that is not accepted (SHA-1, MD5, unknown).
    #[error("OCSP response is signed with {algorithm}, which is not accepted")]
    WeakSignature {
        /// The algorithm's name, or its dotted object identifier.
        algorithm: String,
    },
}

/// Why a responder with a certificate of its own may not answer (RFC 6960 section 4.2.2.2).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResponderError {
    /// Past its notAfter.
    #[error("its certificate expired at {}", stamp(.0))]
    Expired(OffsetDateTime),

    /// Its key is not for signing answers.
    #[error("the key usage of its certificate has neither digitalSignature nor nonRepudiation")]
    KeyUsage,

    /// No id-kp-OCSPSigning; anyExtendedKeyUsage does not stand for it.
    #[error("its certificate lacks the extended key usage OCSPSigning")]
    NoOcspSigning,

    /// The CA that issued the certificate in question did not issue the responder's.
    #[error("its certificate was not issued by that CA directly")]
    NotIssued,

    /// Before its notBefore.
    #[error("its certificate is not valid before {}", stamp(.0))]
    NotYetValid(OffsetDateTime),

    /// Its own certificate is revoked, or not known to be good.
    #[error("its own certificate is not known to be good")]
    Revocation(#[source] Box<VerifyError>),

    /// A critical extension that nothing here obeys.
    #[error("its certificate has a critical extension that is not understood ({0})")]
    UnknownCriticalExtension(ObjectIdentifier),

    /// A key that is too small or of a kind not accepted.
    #[error("its key is not accepted ({0})")]
    WeakKey(String),
}

fn stamp(time: &OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_else(|_| time.to_string())
}
