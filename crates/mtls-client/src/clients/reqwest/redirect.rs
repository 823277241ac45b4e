//! Redirects of reqwest: followed within the origin that was asked for, and nowhere else.

use reqwest::redirect::{Attempt, Policy};

use crate::failure::error::{Error, ErrorKind};

/// Follows up to ten redirects within one origin: scheme, host and port (RFC 6454 section 4).
///
/// Whoever answers on another origin would be presented our certificate, and a 307 or 308 would give it the body of
/// the request and its headers as well. That the server asked for says so is no reason: it may be a server for
/// everybody, whose users decide where it redirects to.
pub(super) fn within_origin() -> Policy {
    Policy::custom(|attempt: Attempt<'_>| {
        let asked = attempt.previous().last().map(|url| url.origin());
        let next = attempt.url().origin();
        match asked {
            Some(asked) if asked != next => {
                let error =
                    Error::redirected(&asked.ascii_serialization(), &next.ascii_serialization());
                attempt.error(error)
            }
            _ => Policy::default().redirect(attempt),
        }
    })
}

impl Error {
    /// Origins only: paths and queries may hold secrets.
    fn redirected(asked: &str, next: &str) -> Self {
        Self::new(
            ErrorKind::Redirect,
            format!(
                "{asked} redirects to {next}, which is another origin and is not presented our certificate; ask it by \
                 its own URL if it is meant to have the request"
            ),
        )
    }
}
