//! How a server says that it refuses our certificate: by an alert, by an error page, by hanging up.

use rustls::AlertDescription;

use crate::failure::error::{Error, ErrorKind};

/// The alerts that judge a certificate (RFC 8446 section 6.2, RFC 5246 section 7.2.2). Ours is the
/// only certificate a server can judge.
const REFUSALS: [(AlertDescription, &str, &str); 8] = [
    (
        AlertDescription::AccessDenied,
        "access_denied",
        "the server knows our certificate and denies it access",
    ),
    (
        AlertDescription::BadCertificate,
        "bad_certificate",
        "the server could not verify our certificate; check that it is from the CA the server \
         trusts and that its intermediates are sent with it",
    ),
    (
        AlertDescription::CertificateExpired,
        "certificate_expired",
        "to the server our certificate is expired or not yet valid; renew it, or compare the clocks",
    ),
    (
        AlertDescription::CertificateRequired,
        "certificate_required",
        "the server requires a client certificate and got none that it can use; check that it \
         accepts our kind of key",
    ),
    (
        AlertDescription::CertificateRevoked,
        "certificate_revoked",
        "our certificate is revoked; ask its issuer for a new one",
    ),
    (
        AlertDescription::CertificateUnknown,
        "certificate_unknown",
        "the server refused our certificate without saying why; its log says more",
    ),
    (
        AlertDescription::UnknownCA,
        "unknown_ca",
        "the server does not trust the issuer of our certificate; add that CA to the server's \
         client CAs, or send the missing intermediate",
    ),
    (
        AlertDescription::UnsupportedCertificate,
        "unsupported_certificate",
        "our certificate is of the wrong sort for the server; it needs the extended key usage \
         clientAuth",
    ),
];

/// OpenSSL's answer in TLS 1.2 to a client without a usable certificate.
const AFTER_CERTIFICATE: &str = "the server broke off the handshake after our certificate, which usually means that it refuses it";

/// nginx, HAProxy without `crt-ignore-err`, and Node close instead of sending an alert.
const HUNG_UP: &str = "the server asked for our certificate and closed the connection right after it, \
     which is how some servers refuse one; the server's log says more";

const PAGE_MISSING: &str = "No required SSL certificate was sent";
const PAGE_REFUSED: &str = "The SSL certificate error";

impl Error {
    /// The refusal that an alert stands for, or `None` if the alert judges no certificate.
    ///
    /// `asked`: the server asked for our certificate on this connection.
    pub(crate) fn rejected_by_alert(alert: AlertDescription, asked: bool) -> Option<Self> {
        let kind = ErrorKind::IdentityRejected { alert: Some(alert) };
        if let Some((_, name, advice)) = REFUSALS.iter().find(|refusal| refusal.0 == alert) {
            return Some(Self::new(kind, format!("{advice} (alert {name})")));
        }
        (alert == AlertDescription::HandshakeFailure && asked).then(|| {
            Self::new(
                kind,
                format!("{AFTER_CERTIFICATE} (alert handshake_failure)"),
            )
        })
    }

    /// The server hung up after our certificate, before its first answer.
    pub(crate) fn rejected_by_closing() -> Self {
        Self::new(ErrorKind::IdentityRejected { alert: None }, HUNG_UP)
    }

    /// Finds a refusal in a text, for `h2`, which keeps of an I/O error only its text.
    pub(crate) fn rejected_in_text(text: &str) -> Option<Self> {
        if text == HUNG_UP {
            return Some(Self::new(
                ErrorKind::IdentityRejected { alert: None },
                HUNG_UP,
            ));
        }
        if text.starts_with(AFTER_CERTIFICATE) {
            return Self::rejected_by_alert(AlertDescription::HandshakeFailure, true);
        }
        REFUSALS.iter().map(|refusal| refusal.0).find_map(|alert| {
            let ours = Self::rejected_by_alert(alert, true)?;
            let rustls = rustls::Error::AlertReceived(alert).to_string();
            (text == ours.to_string() || text == rustls).then_some(ours)
        })
    }

    /// Recognises the page with which nginx refuses a client certificate.
    ///
    /// nginx lets the handshake succeed and answers 400 with a page of its own, so to TLS and HTTP
    /// the refusal looks like any other response. Give it the status and the start of the body.
    #[must_use]
    pub fn from_refusal_page(status: u16, body: &[u8]) -> Option<Self> {
        let says = |words: &str| {
            body.windows(words.len())
                .any(|part| part == words.as_bytes())
        };
        let sentence = match status {
            400 if says(PAGE_MISSING) => {
                "the server requires a client certificate and says that we sent none (its page says \
                 \"No required SSL certificate was sent\")"
            }
            400 if says(PAGE_REFUSED) => {
                "the server could not verify our certificate (its page says \"The SSL certificate \
                 error\"); its log says why: expired, revoked, or not from a CA that it trusts"
            }
            _ => return None,
        };
        Some(Self::new(
            ErrorKind::IdentityRejected { alert: None },
            sentence,
        ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_handshake_failure_is_a_refusal_only_after_our_certificate() {
        for (asked, refused) in [(true, true), (false, false)] {
            let error = Error::rejected_by_alert(AlertDescription::HandshakeFailure, asked);
            assert_eq!(error.is_some(), refused);
        }
    }

    #[test]
    fn every_refusal_survives_as_text() {
        for (alert, ..) in REFUSALS {
            let kind = ErrorKind::IdentityRejected { alert: Some(alert) };
            let ours = Error::rejected_by_alert(alert, true).unwrap().to_string();
            let theirs = rustls::Error::AlertReceived(alert).to_string();
            for text in [ours, theirs] {
                assert_eq!(
                    *Error::rejected_in_text(&text).unwrap().kind(),
                    kind,
                    "{text}"
                );
            }
        }
        let decode_error = rustls::Error::AlertReceived(AlertDescription::DecodeError).to_string();
        assert!(Error::rejected_in_text(&decode_error).is_none());
    }

    #[test]
    fn only_nginx_pages_are_refusal_pages() {
        let page = b"<html><head><title>400 The SSL certificate error</title></head>";
        for (status, body, refused) in [
            (400, &page[..], true),
            (
                400,
                b"<title>400 No required SSL certificate was sent</title>",
                true,
            ),
            (200, &page[..], false),
            (400, b"", false),
            (400, b"<title>400 Bad Request</title>", false),
        ] {
            assert_eq!(Error::from_refusal_page(status, body).is_some(), refused);
        }
    }
}
