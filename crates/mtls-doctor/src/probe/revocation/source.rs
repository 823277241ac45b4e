//! What a CRL or an OCSP responder says of a certificate, or why it says nothing.

use pki_core::Crl;
use time::OffsetDateTime;
use x509_identity::Certificate;

/// A CRL or OCSP URL of a certificate, and what it gave.
#[derive(Clone, Debug)]
pub(crate) struct RevocationSource {
    /// The certificate that names the URL.
    pub(crate) of: Box<Certificate>,
    /// Whether the certificate is of the server's chain; else it is of the identity's.
    pub(crate) servers: bool,
    /// The URL.
    pub(crate) url: String,
    /// What it is the URL of.
    pub(crate) kind: Kind,
    /// Whether the certificate is revoked, or what is wrong with what came.
    pub(crate) status: Result<Status, RevocationProblem>,
}

/// What a URL is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A CRL distribution point.
    Crl,
    /// An OCSP responder.
    Ocsp,
}

/// What a good answer says about the certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Not revoked.
    Good,
    /// Revoked.
    Revoked,
    /// The issuer is not known, so nothing can be verified; something came.
    Unverified,
}

/// Why an answer does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RevocationProblem {
    /// Not signed by the CA's key.
    #[error("is not signed by the key of {issuer}")]
    BadSignature {
        /// The CA.
        issuer: String,
    },
    /// The CRL is past its nextUpdate.
    #[error("expired at {next_update}")]
    Expired {
        /// Its nextUpdate.
        next_update: OffsetDateTime,
    },
    /// It is dated in the future.
    #[error("is dated {this_update}, in the future")]
    NotYetValid {
        /// Its thisUpdate.
        this_update: OffsetDateTime,
    },
    /// The OCSP answer does not count.
    #[error("{0}")]
    Ocsp(String),
    /// Of another CA.
    #[error("is of another CA, {found}")]
    OtherIssuer {
        /// Its issuer.
        found: String,
    },
    /// No connection, or no whole answer.
    #[error("cannot be fetched: {0}")]
    Unreachable(String),
    /// Not a CRL.
    #[error("is not a CRL: {0}")]
    Unreadable(String),
}

/// What a CRL says about `certificate`, or why it says nothing.
pub(in crate::probe) fn check_crl(
    crl: &Crl,
    certificate: &Certificate,
    issuer: Option<&Certificate>,
    now: OffsetDateTime,
) -> Result<Status, RevocationProblem> {
    let Some(issuer) = issuer else {
        return Ok(Status::Unverified);
    };
    if crl.issuer_der() != issuer.subject_der() && crl.issuer_der() != certificate.issuer_der() {
        let found = crl.issuer().map_or_else(
            |_| "of an unreadable name".to_owned(),
            |name| name.to_string(),
        );
        return Err(RevocationProblem::OtherIssuer { found });
    }
    if !crl.is_signed_by(issuer) {
        let issuer = issuer.subject().to_string();
        return Err(RevocationProblem::BadSignature { issuer });
    }
    if crl
        .entries()
        .any(|entry| entry.serial == *certificate.serial())
    {
        return Ok(Status::Revoked);
    }
    if crl.next_update() < now {
        let next_update = crl.next_update();
        return Err(RevocationProblem::Expired { next_update });
    }
    if crl.this_update() > now + SKEW {
        let this_update = crl.this_update();
        return Err(RevocationProblem::NotYetValid { this_update });
    }
    Ok(Status::Good)
}

/// How far clocks may be apart.
const SKEW: time::Duration = time::Duration::minutes(5);
