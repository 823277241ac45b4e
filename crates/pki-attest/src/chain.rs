//! One certificate below another: what both platforms ask of each step of a chain.
//!
//! Neither chain is one for TLS: leaves have odd dates and no usages, and roots are compared by key. So this is not the
//! verifier of `pki-core`, but its signature check alone.

use pki_core::verify::is_signed_by;
use time::OffsetDateTime;
use x509_identity::Certificate;

/// What is wrong with a chain of certificates.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainFault {
    /// One names another issuer than the next one.
    #[error("`{subject}` names `{issuer}` as its issuer, and the next certificate is of `{next}`")]
    Issuer {
        /// The lower certificate's subject.
        subject: String,
        /// The issuer that it names.
        issuer: String,
        /// The subject of the next one.
        next: String,
    },

    /// One is not signed by the next one.
    #[error("`{subject}` is not signed by the key of `{issuer}`")]
    Signature {
        /// The lower certificate's subject.
        subject: String,
        /// The subject of the next one.
        issuer: String,
    },

    /// One that is no CA stands above another certificate.
    #[error("`{subject}` has issued a certificate, and is not a CA")]
    NotACa {
        /// Its subject.
        subject: String,
    },

    /// It has expired.
    #[error("`{subject}` has expired on {not_after}")]
    Expired {
        /// Its subject.
        subject: String,
        /// Until when it was valid.
        not_after: OffsetDateTime,
    },

    /// It is not valid yet.
    #[error("`{subject}` is not valid before {not_before}")]
    NotYetValid {
        /// Its subject.
        subject: String,
        /// From when on it is valid.
        not_before: OffsetDateTime,
    },
}

/// Whether `issuer` has issued `certificate`: name, CA and signature.
pub(crate) fn check_issued(
    certificate: &Certificate,
    issuer: &Certificate,
) -> Result<(), ChainFault> {
    if !certificate.names_issuer(issuer) {
        return Err(ChainFault::Issuer {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            next: issuer.subject().to_string(),
        });
    }
    if !issuer.is_ca() {
        return Err(ChainFault::NotACa {
            subject: issuer.subject().to_string(),
        });
    }
    if !is_signed_by(certificate, issuer) {
        return Err(ChainFault::Signature {
            subject: certificate.subject().to_string(),
            issuer: issuer.subject().to_string(),
        });
    }
    Ok(())
}

/// Whether `certificate` is valid at `now`.
pub(crate) fn check_validity(
    certificate: &Certificate,
    now: OffsetDateTime,
) -> Result<(), ChainFault> {
    let subject = || certificate.subject().to_string();
    if now > certificate.not_after() {
        return Err(ChainFault::Expired {
            subject: subject(),
            not_after: certificate.not_after(),
        });
    }
    if now < certificate.not_before() {
        return Err(ChainFault::NotYetValid {
            subject: subject(),
            not_before: certificate.not_before(),
        });
    }
    Ok(())
}
