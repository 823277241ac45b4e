//! What was seen of a server.

use std::net::SocketAddr;

use rustls::{AlertDescription, ProtocolVersion, SignatureScheme};
use time::OffsetDateTime;
use tls_identity::RefusalPage;

use super::revocation::RevocationSource;
use super::url::ServerUrl;

/// What connecting to a server showed.
#[derive(Clone, Debug)]
pub(crate) struct Observation {
    /// The server, and the name that it was asked for.
    pub(crate) url: ServerUrl,
    /// The address that answered, or why none did.
    pub(crate) address: Result<SocketAddr, NotReached>,
    /// One for each version and each thing that was presented, in the order in which they were made.
    pub(crate) attempts: Vec<Attempt>,
    /// The identity once more, with the intermediates that were known and are not part of its chain.
    pub(crate) completed: Option<Attempt>,
    /// A stranger again, of a CA with the name of the identity's issuer and another key; if the identity was refused.
    pub(crate) namesake: Option<Attempt>,
    /// A session of a client that was refused, resumed.
    pub(crate) resumed_stranger: Option<Attempt>,
    /// Whether a session of the identity, or else of nobody, is resumed.
    pub(crate) resumption: Resumption,
    /// What the CRL and OCSP URLs of the two chains gave.
    pub(crate) revocation: Vec<RevocationSource>,
    /// The answer of a URL with `http://`, and its first bytes if it is none.
    pub(crate) plain: Option<Outcome>,
    /// Whether the server, or something before it, only answers a ClientHello that fits into one packet.
    pub(crate) needs_small_hello: bool,
    /// When the connections were made, by our clock.
    pub(crate) began: OffsetDateTime,
}

/// Why no connection was made at all.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum NotReached {
    /// The host has no address.
    NoAddress {
        /// What the resolver said.
        said: String,
    },
    /// Nobody listens there.
    Refused,
    /// Nobody answered in time.
    Silent,
    /// The system says something else, such as that there is no route.
    Other {
        /// Its words.
        said: String,
    },
}

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
    /// The header `Content-Type`.
    pub(crate) content_type: Option<String>,
    /// How the body begins.
    pub(crate) body: Vec<u8>,
}

/// Whether sessions are resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resumption {
    /// A second connection continued the session of the first.
    Resumed,
    /// A second connection began anew.
    Refused,
    /// There was no session to try it with.
    Unknown,
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

impl Observation {
    /// Nothing seen yet.
    pub(super) fn new(url: ServerUrl, began: OffsetDateTime) -> Self {
        Self {
            url,
            address: Err(NotReached::Silent),
            attempts: Vec::new(),
            completed: None,
            namesake: None,
            resumed_stranger: None,
            resumption: Resumption::Unknown,
            revocation: Vec::new(),
            plain: None,
            needs_small_hello: false,
            began,
        }
    }

    /// The connections on which this was presented.
    pub(crate) fn with(&self, presented: Presented) -> impl Iterator<Item = &Attempt> {
        self.attempts
            .iter()
            .filter(move |attempt| attempt.presented == presented)
    }

    /// The one connection of this version on which this was presented.
    #[must_use]
    pub(crate) fn attempt(
        &self,
        presented: Presented,
        offered: ProtocolVersion,
    ) -> Option<&Attempt> {
        self.with(presented)
            .find(|attempt| attempt.offered == offered)
    }

    /// What the server asked for, where it asked: the longest list of names.
    #[must_use]
    pub(crate) fn request(&self) -> Option<&CertificateRequest> {
        let requests = self
            .attempts
            .iter()
            .filter_map(|attempt| attempt.request.as_ref());
        requests.max_by_key(|request| request.hints.len())
    }

    /// The server's certificates, from the first connection that showed any.
    #[must_use]
    pub(crate) fn chain(&self) -> &[Vec<u8>] {
        let mut chains = self.attempts.iter().map(|attempt| attempt.chain.as_slice());
        chains.find(|chain| !chain.is_empty()).unwrap_or_default()
    }

    /// What the server calls itself in its answers.
    #[must_use]
    pub(crate) fn server_header(&self) -> Option<&str> {
        let mut answers = self.attempts.iter().filter_map(Attempt::answer);
        answers.find_map(|answer| answer.server.as_deref())
    }

    /// How far the server's clock is ahead of ours, by the header `Date` of an answer, which has whole seconds.
    #[must_use]
    pub(crate) fn clock_ahead(&self) -> Option<time::Duration> {
        let mut answers = self.attempts.iter().filter_map(Attempt::answer);
        let date = answers.find_map(|answer| answer.date)?;
        Some(date - self.began)
    }
}
