//! Why the server ends a connection, and how soon.

use std::time::Duration;

/// Why a connection was ended by the server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// A request body, or a response that the peer should read, made no progress.
    BodyTimeout,
    /// The certificate is no longer good, with the code of the reason.
    Certificate(&'static str),
    /// A header, or the first request, took too long.
    HeaderTimeout,
    /// Too long without a request.
    Idle,
    /// It has reached its greatest age.
    MaxAge,
    /// The rule of its host name has changed, or which proxies are trusted. The next connection gets
    /// the new settings.
    Reloaded,
    /// Its host name now requires what this connection does not have, with the code of the reason.
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

    /// Whether its client is no longer good, so that requests are answered 403 only.
    pub(crate) fn terminates(self) -> bool {
        matches!(self, Self::Certificate(_) | Self::Settings(_))
    }
}

/// How long a connection may still take that was ended for this reason.
pub(crate) fn end_grace(end: End) -> Duration {
    match end {
        // Nobody would read a response.
        End::BodyTimeout | End::HeaderTimeout => Duration::ZERO,
        End::MaxAge | End::Reloaded => RETIRING,
        // A request may be on its way: its 403 is still written.
        _ => HARD,
    }
}

/// Together with the quarter of a second until the next sweep this is less than a second.
pub(crate) const HARD: Duration = Duration::from_millis(600);

/// For the requests of a connection whose client is still good.
pub(crate) const RETIRING: Duration = Duration::from_secs(30);
