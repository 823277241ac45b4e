//! How a server says that it refuses our certificate: by an alert, by an error page, by hanging up.

use rustls::AlertDescription;

use crate::failure::error::{Error, ErrorKind};
use crate::failure::presented::Presented;

/// A refusal by an alert.
struct Refusal {
    alert: AlertDescription,
    /// Its name in RFC 8446.
    name: &'static str,
    /// What the alert says. The beginning of the sentence, by which it is found again.
    what: &'static str,
    /// What to do about it, where nothing is wrong with our certificate as far as we can see.
    advice: &'static str,
}

/// The alerts that judge a certificate (RFC 8446 section 6.2, RFC 5246 section 7.2.2). Ours is the
/// only certificate a server can judge.
const REFUSALS: [Refusal; 8] = [
    Refusal {
        alert: AlertDescription::AccessDenied,
        name: "access_denied",
        what: "the server knows our certificate and denies it access",
        advice: "ask whoever runs the server",
    },
    Refusal {
        alert: AlertDescription::BadCertificate,
        name: "bad_certificate",
        what: "the server could not verify our certificate",
        advice: "check that it is from the CA the server trusts and that its intermediates are sent with it",
    },
    Refusal {
        alert: AlertDescription::CertificateExpired,
        name: "certificate_expired",
        what: "to the server a certificate of our chain is expired or not yet valid",
        advice: "compare the clocks, and look at the dates of our certificate, of its issuers and of their CRLs",
    },
    Refusal {
        alert: AlertDescription::CertificateRequired,
        name: "certificate_required",
        what: "the server requires a client certificate and got none that it can use",
        advice: "check that it accepts our kind of key",
    },
    Refusal {
        alert: AlertDescription::CertificateRevoked,
        name: "certificate_revoked",
        what: "our certificate is revoked",
        advice: "ask its issuer for a new one",
    },
    Refusal {
        alert: AlertDescription::CertificateUnknown,
        name: "certificate_unknown",
        what: "the server refused our certificate without saying why",
        advice: "its log says more",
    },
    Refusal {
        alert: AlertDescription::UnknownCA,
        name: "unknown_ca",
        what: "the server does not trust the issuer of our certificate",
        advice: "add that CA to the server's client CAs, or send the missing intermediate",
    },
    Refusal {
        alert: AlertDescription::UnsupportedCertificate,
        name: "unsupported_certificate",
        what: "the server does not support our certificate",
        advice: "its log says why: usages, key, signature or extensions of the certificate or of one above it",
    },
];

/// OpenSSL's answer in TLS 1.2 to a client without a usable certificate.
const AFTER_CERTIFICATE: &str = "the server broke off the handshake after our certificate, which usually means \
     that it refuses it (alert handshake_failure)";

/// Where no certificate was presented, and why.
const WITHHELD: &str = "because our key makes none of the signatures that the server accepts, so that no certificate \
     was presented: use a P-256 or RSA key; a key of ML-DSA needs TLS 1.3 and a server that knows it";

/// nginx, HAProxy without `crt-ignore-err`, and Node close instead of sending an alert.
const HUNG_UP: &str = "the server requested our certificate and closed the connection right after it, \
     which is how some servers refuse one; the server's log says more";

const PAGE_MISSING: &str = "No required SSL certificate was sent";
const PAGE_REFUSED: &str = "The SSL certificate error";

impl Error {
    /// The refusal that an alert stands for, or `None` if the alert judges no certificate.
    ///
    /// `presented` is what we presented on this connection. What is wrong with it is told as the probable reason.
    pub(crate) fn rejected_by_alert(
        alert: AlertDescription,
        presented: Option<&Presented>,
    ) -> Option<Self> {
        let refusal = REFUSALS.iter().find(|refusal| refusal.alert == alert);
        let (beginning, advice) = match refusal {
            Some(refusal) => (refusal.beginning(), Some(refusal.advice)),
            None if alert == AlertDescription::HandshakeFailure && presented.is_some() => {
                (AFTER_CERTIFICATE.to_owned(), None)
            }
            None => return None,
        };
        let kind = ErrorKind::IdentityRejected { alert: Some(alert) };
        if presented.is_some_and(|presented| presented.withheld) {
            return Some(Self::new(kind, format!("{beginning}, {WITHHELD}")));
        }
        let problem = presented.and_then(|presented| presented.problem(alert));
        let sentence = match (problem, advice) {
            (Some(problem), _) => format!("{beginning}, probably because {problem}"),
            (None, Some(advice)) => format!("{beginning}: {advice}"),
            (None, None) => beginning,
        };
        Some(Self::new(kind, sentence))
    }

    /// The server hung up after our certificate, before its first answer.
    pub(crate) fn rejected_by_closing() -> Self {
        Self::new(ErrorKind::IdentityRejected { alert: None }, HUNG_UP)
    }

    /// Finds a refusal in a text, for `h2`, which keeps of an I/O error only its text.
    pub(crate) fn rejected_in_text(text: &str, presented: Option<&Presented>) -> Option<Self> {
        if text == HUNG_UP {
            return Some(Self::new(
                ErrorKind::IdentityRejected { alert: None },
                HUNG_UP,
            ));
        }
        let rejected = |alert, sentence: &str| {
            let kind = ErrorKind::IdentityRejected { alert: Some(alert) };
            Some(Self::new(kind, sentence))
        };
        if text.starts_with(AFTER_CERTIFICATE) {
            return rejected(AlertDescription::HandshakeFailure, text);
        }
        REFUSALS.iter().find_map(|refusal| {
            if text.starts_with(&refusal.beginning()) {
                return rejected(refusal.alert, text);
            }
            let rustls = rustls::Error::AlertReceived(refusal.alert).to_string();
            let is_rustls = text == rustls;
            is_rustls.then(|| Self::rejected_by_alert(refusal.alert, presented))?
        })
    }

    /// Recognises the page with which nginx refuses a client certificate.
    ///
    /// nginx completes the handshake and answers 400 with a page of its own, so to TLS and HTTP
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

impl Refusal {
    fn beginning(&self) -> String {
        format!("{} (alert {})", self.what, self.name)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::sync::Arc;

    use rustls::time_provider::DefaultTimeProvider;

    use super::*;

    fn presented(leaf: &test_pki::Leaf) -> Presented {
        let identity = tls_identity::Identity::from_pem(
            leaf.chain_pem().as_bytes(),
            leaf.key_pem().as_bytes(),
        );
        Presented {
            identity: Arc::clone(identity.unwrap().certified_key()),
            clock: Arc::new(DefaultTimeProvider),
            withheld: false,
        }
    }

    fn good() -> Presented {
        presented(&test_pki::Ca::root("root").client("alice"))
    }

    #[test]
    fn a_handshake_failure_is_a_refusal_only_after_our_certificate() {
        for (presented, refused) in [(Some(&good()), true), (None, false)] {
            let error = Error::rejected_by_alert(AlertDescription::HandshakeFailure, presented);
            assert_eq!(error.is_some(), refused);
        }
    }

    #[test]
    fn every_refusal_survives_as_text() {
        let broken = presented(&test_pki::Ca::root("root").server("localhost"));
        let alerts = REFUSALS.iter().map(|refusal| refusal.alert);
        for alert in alerts.chain([AlertDescription::HandshakeFailure]) {
            let kind = ErrorKind::IdentityRejected { alert: Some(alert) };
            let withheld = Presented {
                withheld: true,
                ..good()
            };
            for presented in [&good(), &broken, &withheld] {
                let ours = Error::rejected_by_alert(alert, Some(presented)).unwrap();
                let found = Error::rejected_in_text(&ours.to_string(), None).unwrap();
                assert_eq!((found.kind(), found.to_string()), (&kind, ours.to_string()));
            }
        }
        for refusal in REFUSALS {
            let theirs = rustls::Error::AlertReceived(refusal.alert).to_string();
            let kind = ErrorKind::IdentityRejected {
                alert: Some(refusal.alert),
            };
            assert_eq!(
                *Error::rejected_in_text(&theirs, None).unwrap().kind(),
                kind
            );
        }
        let decode_error = rustls::Error::AlertReceived(AlertDescription::DecodeError).to_string();
        assert!(Error::rejected_in_text(&decode_error, None).is_none());
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
