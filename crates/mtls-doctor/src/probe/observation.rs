//! What was seen of a server.

use std::net::SocketAddr;

use rustls::ProtocolVersion;
use time::OffsetDateTime;
use x509_identity::Certificate;

use super::attempt::{Attempt, CertificateRequest, Outcome, Presented, Stage};
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
    /// The identity once more, with a wrong signature on its certificate; if it was refused as it is.
    pub(crate) badly_signed: Option<Attempt>,
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

impl Observation {
    /// Nothing seen yet.
    pub(super) fn new(url: ServerUrl, began: OffsetDateTime) -> Self {
        Self {
            url,
            address: Err(NotReached::Silent),
            attempts: Vec::new(),
            completed: None,
            badly_signed: None,
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

    /// Whether the server closed this connection because it speaks another protocol than HTTP: the handshake was done,
    /// and it refused a stranger by an alert, which it would have sent here, too.
    #[must_use]
    pub(crate) fn is_of_another_protocol(&self, attempt: &Attempt) -> bool {
        attempt.presented == Presented::Identity
            && attempt.outcome == Outcome::Closed
            && attempt.stage == Stage::Finished
            && self
                .attempt(Presented::Stranger, attempt.offered)
                .is_some_and(|one| matches!(one.outcome, Outcome::Alert(_)))
    }

    /// Whether the identity was refused in some version.
    #[must_use]
    pub(crate) fn refuses_identity(&self) -> bool {
        self.with(Presented::Identity)
            .any(|one| one.is_refused() && !self.is_of_another_protocol(one))
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

    /// Those of them that can be read.
    pub(crate) fn certificates(&self) -> Vec<Certificate> {
        self.chain()
            .iter()
            .filter_map(|der| Certificate::from_der(der).ok())
            .collect()
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

/// The versions that are tried: the newer one first, as a client prefers it.
pub(super) const VERSIONS: [ProtocolVersion; 2] =
    [ProtocolVersion::TLSv1_3, ProtocolVersion::TLSv1_2];
