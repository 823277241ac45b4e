//! A finding of what the verifier of this project says, and who else refuses it with which message.

use pki_core::verify::VerifyError;

use crate::finding::Finding;

use super::reissue::is_near;
use super::wording::with_cause;

/// What the verifier refused, at a place. What mends it is the caller's to add.
pub(crate) fn finding(error: &VerifyError, place: &str) -> Finding {
    Finding::error(id(error), place, with_cause(error)).why(why(error))
}

/// The code of the error, unless a more precise one is known.
pub(crate) fn id(error: &VerifyError) -> &'static str {
    match error {
        VerifyError::NotYetValid {
            not_before, now, ..
        }
        | VerifyError::AnchorNotYetValid {
            not_before, now, ..
        } if is_near(*not_before, *now) => "not-yet-valid-clock",
        VerifyError::CrlNotYetValid {
            this_update, now, ..
        } if is_near(*this_update, *now) => "crl-not-yet-valid-clock",
        VerifyError::NoServerName { .. } => "no-subject-alternative-name",
        other => other.code(),
    }
}

/// Who refuses it, and with which message.
fn why(error: &VerifyError) -> &'static str {
    match error {
        VerifyError::Expired { .. } | VerifyError::AnchorExpired { .. } => {
            "Everybody refuses it: OpenSSL and nginx `certificate has expired`, rustls and Go `expired`, TLS alert 45."
        }
        VerifyError::NotYetValid { .. } | VerifyError::AnchorNotYetValid { .. } => {
            "Everybody refuses it until then: OpenSSL `certificate is not yet valid`. A difference of hours is a clock that \
             is wrong, here or where it was issued."
        }
        VerifyError::WrongExtendedKeyUsage { .. } => {
            "OpenSSL, nginx and Apache: `unsuitable certificate purpose`; Go: `incompatible key usage`; rustls: alert 43. A \
             CA's own list limits all certificates below it."
        }
        VerifyError::NoExtendedKeyUsage { .. } => {
            "rustls with this project's rules, Apple and Chrome refuse it; OpenSSL and Go accept it."
        }
        VerifyError::NoServerName { .. } | VerifyError::NameMismatch { .. } => {
            "curl: `no alternative certificate subject name matches`; Chrome: ERR_CERT_COMMON_NAME_INVALID; Go: `certificate \
             relies on legacy Common Name field`; Apple: `not trusted`. Nobody looks at the common name any more."
        }
        VerifyError::KeyUsage { .. } => {
            "OpenSSL: `unsuitable certificate purpose` or `keyusage does not include certificate signing`; Chrome: \
             ERR_SSL_KEY_USAGE_INCOMPATIBLE."
        }
        VerifyError::CaAsLeaf { .. } => {
            "Servers of this project, NSS and Java refuse a CA as a client; and whoever can log in with the CA's key can \
             issue certificates, too."
        }
        VerifyError::NotACa { .. } | VerifyError::AnchorNotCa { .. } => {
            "OpenSSL and nginx: `invalid CA certificate`; Go: `parent certificate cannot sign this kind of certificate`."
        }
        VerifyError::PathLength { .. } => {
            "OpenSSL and nginx: `path length constraint exceeded`; Go: `too many intermediates`."
        }
        VerifyError::NameConstraint { .. } => {
            "OpenSSL and nginx: `permitted subtree violation`; Go: `not permitted by any constraint`."
        }
        VerifyError::BadSignature { .. } => {
            "OpenSSL and nginx: `certificate signature failure`; Go: `x509: ECDSA verification failure`."
        }
        VerifyError::SelfSigned { .. } => {
            "OpenSSL and nginx: `self-signed certificate`; rustls: `unknown_ca`."
        }
        VerifyError::UnknownIssuer { .. } => {
            "OpenSSL and nginx: `unable to get local issuer certificate`; Go: `signed by unknown authority`; rustls: \
             `unknown_ca`, alert 48."
        }
        VerifyError::WeakKey { .. } => {
            "OpenSSL at its default security level: `ee key too small`, `ca key too small`; Apple, Chrome and rustls refuse it."
        }
        VerifyError::WeakSignature { .. } => {
            "OpenSSL 3 at its default security level: `ca md too weak`; Apple, Chrome, Go and rustls refuse it."
        }
        VerifyError::Revoked { .. } => "Servers with the CRL: `certificate revoked`, alert 44.",
        VerifyError::TooDeep { .. } => "OpenSSL and nginx: `certificate chain too long`.",
        VerifyError::UnknownCriticalExtension { .. } => {
            "OpenSSL and nginx: `unhandled critical extension`."
        }
        VerifyError::UnsupportedVersion { .. } => "rustls, Apple and Chrome refuse it.",
        VerifyError::CrlExpired { .. } => {
            "nginx, Apache and HAProxy refuse every client: `CRL has expired`."
        }
        _ => "Peers that check it refuse it: `bad certificate`, alert 42.",
    }
}
