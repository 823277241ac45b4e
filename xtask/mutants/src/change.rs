//! What is taken out, and where.

use std::fmt;

/// One change. The line moves with every edit of the file, so it is no part of what [`survivors.toml`](crate::survivors)
/// says.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// From the root of the workspace.
    pub(crate) file: String,
    pub(crate) line: usize,
    /// Such as ``Gate::resume: `age <= self.ttl` is true``. The second of the same has ``, 2`` at its end.
    pub(crate) what: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}
