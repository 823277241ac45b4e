//! How errors and octets are written in logs, responses and messages.

use std::fmt::{self, Display};

pub(crate) use tls_identity::with_causes as sentence;

/// Octets in lower-case hexadecimal.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
