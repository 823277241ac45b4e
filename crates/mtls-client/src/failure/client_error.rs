//! What an HTTP client's own error says of itself, for the clients that are compiled in.

use std::error::Error as StdError;

/// Whether this is reqwest's own error, about a limit of time.
#[cfg(feature = "reqwest")]
pub(crate) fn is_timeout(error: &(dyn StdError + 'static)) -> bool {
    error.downcast_ref().is_some_and(reqwest::Error::is_timeout)
}

/// Whether this is reqwest's own error, about the connection.
#[cfg(feature = "reqwest")]
pub(crate) fn is_connect(error: &(dyn StdError + 'static)) -> bool {
    error.downcast_ref().is_some_and(reqwest::Error::is_connect)
}

#[cfg(not(feature = "reqwest"))]
pub(crate) fn is_timeout(_: &(dyn StdError + 'static)) -> bool {
    false
}

#[cfg(not(feature = "reqwest"))]
pub(crate) fn is_connect(_: &(dyn StdError + 'static)) -> bool {
    false
}
