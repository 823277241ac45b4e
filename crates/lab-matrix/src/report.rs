//! What became of each case.

use mtls_lab::Verdict;
use serde::Serialize;

/// The whole table.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// One row for each case and TLS version.
    pub results: Vec<Row>,
    /// Rows that are as expected.
    pub passed: usize,
    /// Rows that are not.
    pub failed: usize,
}

/// One case: who showed what, what was expected, and what came of it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Row {
    /// The lab's directory that the peers' certificates are from.
    pub scenario: &'static str,
    /// What was shown, and under which version of TLS.
    pub case: String,
    /// Whose certificate is on trial.
    pub direction: Direction,
    /// What ought to become of it.
    pub expected: Verdict,
    /// What became of it.
    pub got: Verdict,
    /// Why, in the words of whoever decided.
    pub reason: String,
    /// Whether it is as expected, and for the expected reason.
    pub ok: bool,
}

/// Whose certificate is on trial.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// The client's: the server decides.
    Client,
    /// The server's: the client decides.
    Server,
}

impl std::fmt::Display for Direction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Client => "client",
            Self::Server => "server",
        })
    }
}

impl Report {
    /// Counts `results`.
    #[must_use]
    pub fn new(results: Vec<Row>) -> Self {
        let passed = results.iter().filter(|row| row.ok).count();
        let failed = results.len() - passed;
        Self {
            results,
            passed,
            failed,
        }
    }
}
