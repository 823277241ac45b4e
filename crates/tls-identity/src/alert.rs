//! With which TLS alert a chain is refused.

use pki_core::verify::{VerifyError, VerifyErrorKind};
use rustls::{AlertDescription, CertificateError};

/// Chooses the TLS alert for a refused chain (RFC 8446 section 6.2, RFC 5246 section 7.2.2): the error with which
/// rustls sends it. The error has no other use. The reason is the [`VerifyError`].
///
/// | why the chain was refused | alert |
/// | --- | --- |
/// | expired, not yet valid | `certificate_expired` (45) |
/// | revoked | `certificate_revoked` (44) |
/// | no trusted path, or no CRL that tells whether it is revoked | `unknown_ca` (48) |
/// | for another purpose, or of a kind that is not supported | `unsupported_certificate` (43) |
/// | anything else: unreadable, badly signed, for another name | `bad_certificate` (42) |
#[must_use]
pub fn certificate_error(error: &VerifyError) -> CertificateError {
    for_kind(error.kind())
}

fn for_kind(kind: VerifyErrorKind) -> CertificateError {
    match kind {
        VerifyErrorKind::Expired => CertificateError::Expired,
        VerifyErrorKind::NameMismatch => CertificateError::NotValidForName,
        VerifyErrorKind::NotYetValid => CertificateError::NotValidYet,
        VerifyErrorKind::RevocationUnknown => CertificateError::UnknownRevocationStatus,
        VerifyErrorKind::Revoked => CertificateError::Revoked,
        VerifyErrorKind::UntrustedIssuer => CertificateError::UnknownIssuer,
        VerifyErrorKind::Unsupported | VerifyErrorKind::WrongPurpose => {
            CertificateError::InvalidPurpose
        }
        // Not rustls' BadSignature, which sends decrypt_error.
        _ => CertificateError::BadEncoding,
    }
}

/// The alert as RFC 8446 section 6 writes it, such as `unknown_ca`, or its number.
#[must_use]
pub fn alert_name(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::UnrecognisedName => "unrecognized_name".to_owned(),
        AlertDescription::UnknownPSKIdentity => "unknown_psk_identity".to_owned(),
        AlertDescription::UnknownCA => "unknown_ca".to_owned(),
        _ => match alert.as_str() {
            Some(words) => snake_case(words),
            None => u8::from(alert).to_string(),
        },
    }
}

fn snake_case(words: &str) -> String {
    let mut name = String::with_capacity(words.len() + 4);
    for letter in words.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use rustls::AlertDescription as Alert;

    use super::*;

    /// Each kind, its alert, the words of RFC 8446 section 6.2 that decide it, and what OpenSSL 3.4 sends
    /// (`x509table` in `ssl/statem/statem_lib.c`). Where the two differ, the RFC counts.
    const TABLE: [(VerifyErrorKind, Alert, &str, &str); 9] = [
        (
            VerifyErrorKind::BadCertificate,
            Alert::BadCertificate,
            "a certificate was corrupt, contained signatures that did not verify correctly, etc.",
            "bad_certificate; decrypt_error for a signature, which the RFC has for those of the handshake",
        ),
        (
            VerifyErrorKind::Expired,
            Alert::CertificateExpired,
            "a certificate has expired or is not currently valid",
            "certificate_expired",
        ),
        (
            VerifyErrorKind::NameMismatch,
            Alert::BadCertificate,
            "no alert of its own",
            "bad_certificate",
        ),
        (
            VerifyErrorKind::NotYetValid,
            Alert::CertificateExpired,
            "a certificate has expired or is not currently valid",
            "bad_certificate",
        ),
        (
            VerifyErrorKind::RevocationUnknown,
            Alert::UnknownCA,
            "no alert of its own",
            "unknown_ca without a CRL; for one that is out of date or badly signed, the alert for such a certificate, \
             which blames the peer's",
        ),
        (
            VerifyErrorKind::Revoked,
            Alert::CertificateRevoked,
            "a certificate was revoked by its signer",
            "certificate_revoked",
        ),
        (
            VerifyErrorKind::UntrustedIssuer,
            Alert::UnknownCA,
            "the CA certificate could not be located or could not be matched with a known trust anchor",
            "unknown_ca, for a path that is too long and a self-signed certificate, too",
        ),
        (
            VerifyErrorKind::Unsupported,
            Alert::UnsupportedCertificate,
            "a certificate was of an unsupported type",
            "bad_certificate for weak keys and digests, certificate_unknown for a critical extension",
        ),
        (
            VerifyErrorKind::WrongPurpose,
            Alert::UnsupportedCertificate,
            "a certificate was of an unsupported type",
            "unsupported_certificate",
        ),
    ];

    #[test]
    fn each_kind_of_refusal_has_the_alert_of_the_rfc() {
        for (kind, alert, rfc, openssl) in TABLE {
            assert_eq!(
                Alert::from(for_kind(kind)),
                alert,
                "{kind:?}: the RFC says {rfc}; OpenSSL sends {openssl}"
            );
        }
    }

    #[test]
    fn an_error_has_the_alert_of_its_kind() {
        let subject = || "CN=a".to_owned();
        let unknown = VerifyError::UnknownIssuer {
            subject: subject(),
            issuer: subject(),
        };
        let weak = VerifyError::WeakSignature {
            subject: subject(),
            algorithm: "SHA-1".to_owned(),
        };
        for (error, alert) in [
            (unknown, Alert::UnknownCA),
            (weak, Alert::UnsupportedCertificate),
        ] {
            assert_eq!(Alert::from(certificate_error(&error)), alert);
        }
    }

    #[test]
    fn an_alert_is_named_as_the_rfc_names_it() {
        for (number, name) in [
            (20, "bad_record_mac"),
            (40, "handshake_failure"),
            (48, "unknown_ca"),
            (90, "user_canceled"),
            (112, "unrecognized_name"),
            (115, "unknown_psk_identity"),
            (116, "certificate_required"),
            (200, "200"),
        ] {
            assert_eq!(alert_name(Alert::from(number)), name);
        }
    }
}
