//! How errors and octets are written in logs, responses and messages.

use std::{
    error::Error,
    fmt::{self, Display, Write as _},
};

/// An error with its causes, on one line.
pub(crate) fn sentence(error: &dyn Error) -> String {
    let mut sentence = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing to a String cannot fail.
        let _ = write!(sentence, ": {error}");
        cause = error.source();
    }
    sentence
}

/// Octets in lower-case hexadecimal.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
