//! With which TLS alert a chain is refused.

use pki_core::verify::{VerifyError, VerifyErrorKind};
use rustls::CertificateError;

/// The error with which rustls sends the alert that fits (RFC 8446 section 6.2). It has no use beyond that: the reason
/// is the [`VerifyError`].
///
/// | kind | alert |
/// | --- | --- |
/// | expired, not yet valid | `certificate_expired` (45) |
/// | revoked | `certificate_revoked` (44) |
/// | unknown revocation status, untrusted issuer | `unknown_ca` (48) |
/// | wrong purpose, not supported | `unsupported_certificate` (43) |
/// | anything else | `bad_certificate` (42) |
#[must_use]
pub fn certificate_error(error: &VerifyError) -> CertificateError {
    match error.kind() {
        VerifyErrorKind::Expired => CertificateError::Expired,
        VerifyErrorKind::NameMismatch => CertificateError::NotValidForName,
        VerifyErrorKind::NotYetValid => CertificateError::NotValidYet,
        VerifyErrorKind::RevocationUnknown => CertificateError::UnknownRevocationStatus,
        VerifyErrorKind::Revoked => CertificateError::Revoked,
        VerifyErrorKind::UntrustedIssuer => CertificateError::UnknownIssuer,
        VerifyErrorKind::Unsupported | VerifyErrorKind::WrongPurpose => {
            CertificateError::InvalidPurpose
        }
        _ => CertificateError::BadEncoding,
    }
}

#[cfg(test)]
mod tests {
    use rustls::AlertDescription;

    use super::*;

    #[test]
    fn each_reason_is_sent_as_the_alert_that_rfc_8446_has_for_it() {
        let date = time::OffsetDateTime::UNIX_EPOCH;
        let subject = || "CN=a".to_owned();
        for (error, alert) in [
            (
                VerifyError::Expired {
                    subject: subject(),
                    not_after: date,
                    now: date,
                },
                AlertDescription::CertificateExpired,
            ),
            (
                VerifyError::UnknownIssuer {
                    subject: subject(),
                    issuer: subject(),
                },
                AlertDescription::UnknownCA,
            ),
            (
                VerifyError::NoName {
                    serial: "1".to_owned(),
                },
                AlertDescription::BadCertificate,
            ),
            (
                VerifyError::UnsupportedVersion {
                    subject: subject(),
                    version: 1,
                },
                AlertDescription::UnsupportedCertificate,
            ),
        ] {
            assert_eq!(AlertDescription::from(certificate_error(&error)), alert);
        }
    }
}
