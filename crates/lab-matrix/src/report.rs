//! The results, one row for each case.

use mtls_lab::Verdict;
use serde::Serialize;

/// The results of a run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// One row for each case and TLS version.
    pub results: Vec<Row>,
    /// Rows that are as expected.
    pub passed: usize,
    /// Rows that are not.
    pub failed: usize,
}

/// One case in one version of TLS: what was presented, the expected verdict, the actual one, and the reason.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Row {
    /// The lab's directory that the peers' certificates are from.
    pub scenario: &'static str,
    /// What was presented, and in which version of TLS.
    pub case: String,
    /// Whose certificate is verified.
    pub direction: Direction,
    /// The verdict that it has to get.
    pub expected: Verdict,
    /// The verdict that it got.
    pub got: Verdict,
    /// Why, as the peer that decided says it.
    pub reason: String,
    /// Whether it is as expected, and for the expected reason.
    pub ok: bool,
}

/// Whose certificate is verified.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// The client's, by the server.
    Client,
    /// The server's, by the client.
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

/// The most exact sentence about an error: that of its innermost cause.
pub(crate) fn innermost_sentence(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
