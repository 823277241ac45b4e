//! How a server says that it refuses our certificate: by an alert, by an error page, by hanging up.

use rustls::AlertDescription;
use tls_identity::{Refusal, RefusalPage};

use crate::failure::error::{Error, ErrorKind};
use crate::failure::presented::Presented;

impl Error {
    /// The refusal that an alert stands for, or `None` if the alert judges no certificate.
    ///
    /// `presented` is what we presented on this connection. What is wrong with it is told as the probable reason.
    pub(crate) fn rejected_by_alert(
        alert: AlertDescription,
        presented: Option<&Presented>,
    ) -> Option<Self> {
        let refusal = Refusal::of(alert);
        if refusal.is_none() && (alert != AlertDescription::HandshakeFailure || presented.is_none())
        {
            return None;
        }
        let beginning = || match refusal {
            Some(refusal) => refusal.beginning(),
            None => Refusal::AFTER_CERTIFICATE.to_owned(),
        };
        let kind = ErrorKind::IdentityRejected { alert: Some(alert) };
        if presented.is_some_and(|presented| presented.withheld) {
            return Some(Self::new(
                kind,
                format!("{}, {}", beginning(), Refusal::WITHHELD),
            ));
        }
        let problem = presented.and_then(|presented| presented.problem(alert));
        let sentence = match (refusal, problem) {
            (Some(refusal), problem) => refusal.sentence(problem.as_ref()),
            (None, Some(problem)) => format!("{}, probably because {problem}", beginning()),
            (None, None) => beginning(),
        };
        Some(Self::new(kind, sentence))
    }

    /// The server hung up after our certificate, before its first answer.
    pub(crate) fn rejected_by_closing() -> Self {
        Self::new(
            ErrorKind::IdentityRejected { alert: None },
            Refusal::HUNG_UP,
        )
    }

    /// Finds a refusal in a text, for `h2`, which keeps of an I/O error only its text.
    pub(crate) fn rejected_in_text(text: &str, presented: Option<&Presented>) -> Option<Self> {
        if text == Refusal::HUNG_UP {
            return Some(Self::new(
                ErrorKind::IdentityRejected { alert: None },
                Refusal::HUNG_UP,
            ));
        }
        let rejected = |alert, sentence: &str| {
            let kind = ErrorKind::IdentityRejected { alert: Some(alert) };
            Some(Self::new(kind, sentence))
        };
        if text.starts_with(Refusal::AFTER_CERTIFICATE) {
            return rejected(AlertDescription::HandshakeFailure, text);
        }
        Refusal::all().iter().find_map(|refusal| {
            if text.starts_with(&refusal.beginning()) {
                return rejected(refusal.alert(), text);
            }
            let rustls = rustls::Error::AlertReceived(refusal.alert()).to_string();
            let is_rustls = text == rustls;
            is_rustls.then(|| Self::rejected_by_alert(refusal.alert(), presented))?
        })
    }

    /// Recognises the page with which nginx refuses a client certificate.
    ///
    /// nginx completes the handshake and answers 400 with a page of its own, so to TLS and HTTP
    /// the refusal looks like any other response. Give it the status and the start of the body.
    #[must_use]
    pub fn from_refusal_page(status: u16, body: &[u8]) -> Option<Self> {
        let page = RefusalPage::of(status, body)?;
        let kind = ErrorKind::IdentityRejected { alert: None };
        Some(Self::new(kind, page.sentence()))
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
        let alerts = Refusal::all().iter().map(Refusal::alert);
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
        for refusal in Refusal::all() {
            let theirs = rustls::Error::AlertReceived(refusal.alert()).to_string();
            let kind = ErrorKind::IdentityRejected {
                alert: Some(refusal.alert()),
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
