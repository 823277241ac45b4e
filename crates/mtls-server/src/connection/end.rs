//! Why the server ends a connection, and how soon.

use std::time::Duration;

/// Why a connection was ended by the server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// A body, or an answer that the peer should read, made no progress.
    BodyTimeout,
    /// The certificate is no longer good, with the code of the reason.
    Certificate(&'static str),
    /// A header took too long, or the first request.
    HeaderTimeout,
    /// Too long without a request.
    Idle,
    /// It has reached its greatest age.
    MaxAge,
    /// The rules of its host name have changed, or the proxies that are trusted: the next connection
    /// has the new ones.
    Reloaded,
    /// Its host name asks for what this connection does not have, with the code of the reason.
    Settings(&'static str),
    /// The server stops.
    Shutdown,
}

impl End {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::BodyTimeout => "body-timeout",
            Self::Certificate(code) | Self::Settings(code) => code,
            Self::HeaderTimeout => "header-timeout",
            Self::Idle => "idle",
            Self::MaxAge => "max-age",
            Self::Reloaded => "reloaded",
            Self::Shutdown => "shutdown",
        }
    }

    /// Whether requests are no longer answered but with 403.
    pub(crate) fn condemns(self) -> bool {
        matches!(self, Self::Certificate(_) | Self::Settings(_))
    }
}

/// How long a connection has that was ended for this reason.
pub(crate) fn end_grace(end: End) -> Duration {
    match end {
        // Nobody reads an answer.
        End::BodyTimeout | End::HeaderTimeout => Duration::ZERO,
        End::MaxAge | End::Reloaded => RETIRING,
        // A request may be on its way, or an answer of 403: it is still written.
        _ => HARD,
    }
}

/// With the quarter of a second until somebody looks, less than a second in all.
pub(crate) const HARD: Duration = Duration::from_millis(600);

/// For requests of a connection that is only old.
pub(crate) const RETIRING: Duration = Duration::from_secs(30);
