//! Errors of reqwest.

use crate::failure::error::Error;

impl Error {
    /// Finds out what a failed reqwest call is about.
    #[must_use]
    pub fn from_reqwest(error: reqwest::Error) -> Self {
        Self::explain(error, None)
    }
}
