//! How a server says that it refuses a client's certificate, and what that means: by an alert, by an error page, by
//! hanging up. The sentences are here once, for the client's errors and for the doctor's findings.

use pki_core::verify::{VerifyError, VerifyErrorKind};
use rustls::AlertDescription;

use crate::alert_name;

/// A refusal by an alert.
#[derive(Debug)]
pub struct Refusal {
    alert: AlertDescription,
    /// What the alert says. The beginning of the sentence.
    what: &'static str,
    /// What to do about it, where nothing is wrong with the certificate as far as one can see.
    advice: &'static str,
}

/// The alerts that judge a certificate (RFC 8446 section 6.2, RFC 5246 section 7.2.2). The client's is the only
/// certificate a server can judge.
const REFUSALS: [Refusal; 8] = [
    Refusal {
        alert: AlertDescription::AccessDenied,
        what: "the server knows our certificate and denies it access",
        advice: "ask whoever runs the server",
    },
    Refusal {
        alert: AlertDescription::BadCertificate,
        what: "the server could not verify our certificate",
        advice: "check that it is from the CA the server trusts and that its intermediates are sent with it",
    },
    Refusal {
        alert: AlertDescription::CertificateExpired,
        what: "to the server a certificate of our chain is expired or not yet valid",
        advice: "compare the clocks, and look at the dates of our certificate, of its issuers and of their CRLs",
    },
    Refusal {
        alert: AlertDescription::CertificateRequired,
        what: "the server requires a client certificate and got none that it can use",
        advice: "check that it accepts our kind of key",
    },
    Refusal {
        alert: AlertDescription::CertificateRevoked,
        what: "our certificate is revoked",
        advice: "ask its issuer for a new one",
    },
    Refusal {
        alert: AlertDescription::CertificateUnknown,
        what: "the server refused our certificate without saying why",
        advice: "its log says more",
    },
    Refusal {
        alert: AlertDescription::UnknownCA,
        what: "the server does not trust the issuer of our certificate",
        advice: "add that CA to the server's client CAs, or send the missing intermediate; where it has both, its log \
                 says why: an expired CA, a CRL that is missing or expired, or names that the CA may not certify",
    },
    Refusal {
        alert: AlertDescription::UnsupportedCertificate,
        what: "the server does not support our certificate",
        advice: "its log says why: usages, key, signature or extensions of the certificate or of one above it",
    },
];

impl Refusal {
    /// OpenSSL's answer in TLS 1.2 to a client without a usable certificate, once that client has presented one.
    pub const AFTER_CERTIFICATE: &'static str = "the server broke off the handshake after our certificate, which \
         usually means that it refuses it (alert handshake_failure)";

    /// nginx, HAProxy without `crt-ignore-err`, and Node close instead of sending an alert.
    pub const HUNG_UP: &'static str = "the server requested our certificate and closed the connection right after \
         it, which is how some servers refuse one; the server's log says more";

    /// Where no certificate was presented, and why.
    pub const WITHHELD: &'static str = "because our key makes none of the signatures that the server accepts, so \
         that no certificate was presented: use a P-256 or RSA key; a key of ML-DSA needs TLS 1.3 and a server that \
         knows it";

    /// The refusal that an alert stands for, or `None` if the alert judges no certificate.
    #[must_use]
    pub fn of(alert: AlertDescription) -> Option<&'static Self> {
        REFUSALS.iter().find(|refusal| refusal.alert == alert)
    }

    /// Every alert that judges a certificate.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &REFUSALS
    }

    /// The alert.
    #[must_use]
    pub fn alert(&self) -> AlertDescription {
        self.alert
    }

    /// What the alert says, with its name: how every sentence about it begins.
    #[must_use]
    pub fn beginning(&self) -> String {
        format!("{} (alert {})", self.what, alert_name(self.alert))
    }

    /// The sentence: what the alert says, and `problem` as the probable reason, or what to do where none is known.
    #[must_use]
    pub fn sentence(&self, problem: Option<&VerifyError>) -> String {
        let beginning = self.beginning();
        match problem {
            Some(problem) => format!("{beginning}, probably because {problem}"),
            None => format!("{beginning}: {}", self.advice),
        }
    }

    /// Which of `problems`, those of the presented certificate, a server could have answered with `alert`.
    ///
    /// Servers choose their alerts freely, so any problem is one that the alert may be about, but for those of time:
    /// they have an alert of their own, which is about nothing else.
    #[must_use]
    pub fn reason(alert: AlertDescription, problems: Vec<VerifyError>) -> Option<VerifyError> {
        let is_of_time = |problem: &VerifyError| {
            let kind = problem.kind();
            matches!(
                kind,
                VerifyErrorKind::Expired | VerifyErrorKind::NotYetValid
            )
        };
        let mut problems = problems.into_iter();
        match alert {
            AlertDescription::CertificateExpired => problems.find(is_of_time),
            AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::HandshakeFailure
            | AlertDescription::UnsupportedCertificate => problems.next(),
            _ => None,
        }
    }
}

/// The page with which nginx refuses a client certificate.
///
/// nginx completes the handshake and answers 400 with a page of its own, so to TLS and HTTP the refusal looks like any
/// other response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusalPage {
    /// No certificate was presented.
    Missing,
    /// A certificate was presented, and it could not be verified.
    Refused,
}

impl RefusalPage {
    /// Recognises the page by the status and the start of the body.
    #[must_use]
    pub fn of(status: u16, body: &[u8]) -> Option<Self> {
        let says = |words: &str| {
            body.windows(words.len())
                .any(|part| part == words.as_bytes())
        };
        match status {
            400 if says("No required SSL certificate was sent") => Some(Self::Missing),
            400 if says("The SSL certificate error") => Some(Self::Refused),
            _ => None,
        }
    }

    /// What it means.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Missing => {
                "the server requires a client certificate and says that we sent none (its page says \
                 \"No required SSL certificate was sent\")"
            }
            Self::Refused => {
                "the server could not verify our certificate (its page says \"The SSL certificate \
                 error\"); its log says why: expired, revoked, or not from a CA that it trusts"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_the_name_of_its_alert() {
        for refusal in Refusal::all() {
            let name = format!(" (alert {})", alert_name(refusal.alert));
            assert!(refusal.beginning().ends_with(&name), "{name}");
            let sentence = refusal.sentence(None);
            assert!(sentence.starts_with(&refusal.beginning()), "{sentence}");
        }
        assert!(Refusal::of(AlertDescription::DecodeError).is_none());
    }

    #[test]
    fn only_nginx_pages_are_refusal_pages() {
        let page = b"<html><head><title>400 The SSL certificate error</title></head>";
        let missing = b"<title>400 No required SSL certificate was sent</title>";
        for (status, body, found) in [
            (400, &page[..], Some(RefusalPage::Refused)),
            (400, missing, Some(RefusalPage::Missing)),
            (200, &page[..], None),
            (400, b"", None),
            (400, b"<title>400 Bad Request</title>", None),
        ] {
            assert_eq!(RefusalPage::of(status, body), found);
        }
    }
}
