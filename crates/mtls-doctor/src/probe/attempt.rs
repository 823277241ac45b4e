//! One connection, and how it ended.

use rustls::{AlertDescription, ProtocolVersion, SignatureScheme};
use time::OffsetDateTime;
use tls_identity::RefusalPage;

/// What the client presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presented {
    /// No certificate.
    Nothing,
    /// A client certificate of a CA that nobody knows, made for the purpose.
    Stranger,
    /// The identity that was given.
    Identity,
}

/// One connection.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    /// The only version that was offered.
    pub(crate) offered: ProtocolVersion,
    /// What would be presented if the server asked.
    pub(crate) presented: Presented,
    /// The suite, if there was a ServerHello.
    pub(crate) suite: Option<String>,
    /// The key exchange group, if one was chosen.
    pub(crate) group: Option<String>,
    /// The server's certificates as it sent them, leaf first.
    pub(crate) chain: Vec<Vec<u8>>,
    /// Whether the server proved with its signature that it has the key of its certificate.
    pub(crate) proven: bool,
    /// What the server asked for, if it asked.
    pub(crate) request: Option<CertificateRequest>,
    /// A certificate was wanted and there was one, but its key makes none of the signatures that the server takes.
    pub(crate) withheld: bool,
    /// Whether the server sent an OCSP response with its certificate.
    pub(crate) stapled: bool,
    /// Whether the handshake continued a session.
    pub(crate) resumed: bool,
    /// How far it came.
    pub(crate) stage: Stage,
    /// How it ended.
    pub(crate) outcome: Outcome,
}

/// The server's CertificateRequest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CertificateRequest {
    /// The CA names (DER).
    pub(crate) hints: Vec<Vec<u8>>,
    /// The signatures that it takes.
    pub(crate) schemes: Vec<SignatureScheme>,
}

/// How far a handshake came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// The ClientHello was sent, and no ServerHello came.
    Hello,
    /// The server chose version and suite.
    Handshake,
    /// Our side was done. In TLS 1.3 the server may still refuse our certificate.
    Finished,
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum Outcome {
    /// The server sent an alert.
    Alert(AlertDescription),
    /// The server answered the request.
    Answered(Answer),
    /// The server closed the connection, or reset it.
    Closed,
    /// Our side ended it, for the reason that rustls gives.
    EndedByUs(String),
    /// Without TLS: the server sent something else than HTTP; its first bytes.
    NotHttp(Vec<u8>),
    /// The server sent something else than TLS; its first bytes.
    NotTls(Vec<u8>),
    /// The server speaks only versions of TLS that are not offered.
    OtherVersion,
    /// Nothing came in time.
    Silent,
}

/// The answer to the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// `None` if it is not HTTP/1.
    pub(crate) status: Option<u16>,
    /// The header `Server`.
    pub(crate) server: Option<String>,
    /// The header `Date`.
    pub(crate) date: Option<OffsetDateTime>,
    /// How the body begins.
    pub(crate) body: Vec<u8>,
}

impl Attempt {
    /// Whether the server refused what was presented: by an alert, by hanging up after it had asked, or by an answer
    /// that says so.
    #[must_use]
    pub(crate) fn is_refused(&self) -> bool {
        match &self.outcome {
            Outcome::Alert(_) => true,
            Outcome::Answered(answer) => answer.refuses_certificate(),
            Outcome::Closed => self.request.is_some(),
            _ => false,
        }
    }

    /// Whether the server took what was presented, as far as TLS can tell.
    #[must_use]
    pub(crate) fn is_accepted(&self) -> bool {
        match &self.outcome {
            Outcome::Answered(answer) => !answer.refuses_certificate(),
            // A service that waits for another protocol than HTTP.
            Outcome::Silent => self.stage == Stage::Finished,
            _ => false,
        }
    }

    /// Whether TLS itself worked: both sides spoke a common version.
    #[must_use]
    pub(crate) fn speaks(&self) -> bool {
        self.stage > Stage::Hello
    }

    /// The answer, if there was one.
    #[must_use]
    pub(crate) fn answer(&self) -> Option<&Answer> {
        match &self.outcome {
            Outcome::Answered(answer) => Some(answer),
            _ => None,
        }
    }
}

impl Answer {
    /// Whether this is how a server refuses a client certificate in HTTP. nginx completes the handshake and answers
    /// 400; servers with optional certificates answer 401 or 403.
    #[must_use]
    pub(crate) fn refuses_certificate(&self) -> bool {
        match self.status {
            Some(400) => RefusalPage::of(400, &self.body).is_some(),
            // 495 and 496 are nginx's own numbers for the two, seen where an error_page passes them on.
            Some(401 | 403 | 495 | 496) => true,
            _ => false,
        }
    }

    pub(super) fn says(&self, words: &str) -> bool {
        self.body
            .windows(words.len())
            .any(|part| part.eq_ignore_ascii_case(words.as_bytes()))
    }

    pub(super) fn is_success(&self) -> bool {
        self.status
            .is_none_or(|status| (200..400).contains(&status))
    }
}
