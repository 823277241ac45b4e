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
    /// What was presented.
    #[serde(skip)]
    pub presented: String,
    /// The version of TLS; `None` for what is refused before there is a connection.
    #[serde(skip)]
    pub tls: Option<&'static str>,
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

/// Rows that differ in the version of TLS alone, for people to read.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    /// The first of the rows.
    pub row: &'a Row,
    /// The versions of TLS, `TLS 1.2` among them; none for what is refused before there is a connection.
    pub tls: Vec<&'static str>,
    /// The reason, as far as the rows agree.
    pub reason: &'a str,
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

impl Report {
    /// One line for each case where the verdict and its reason are the same in all versions of TLS.
    #[must_use]
    pub fn lines(&self) -> Vec<Line<'_>> {
        let mut lines: Vec<Line<'_>> = Vec::new();
        for row in &self.results {
            let is_joined = lines.last_mut().is_some_and(|line| line.join(row));
            if !is_joined {
                lines.push(Line::of(row));
            }
        }
        lines
    }
}

impl<'a> Line<'a> {
    fn of(row: &'a Row) -> Self {
        Self {
            row,
            tls: row.tls.into_iter().collect(),
            reason: &row.reason,
        }
    }

    /// `1.2, 1.3`: the versions of TLS; nothing for what is refused before there is a connection.
    #[must_use]
    pub fn versions(&self) -> String {
        let numbers = self.tls.iter().map(|name| name.trim_start_matches("TLS "));
        numbers.collect::<Vec<_>>().join(", ")
    }

    /// Takes `row` in if it differs in the version of TLS alone; says whether.
    fn join(&mut self, row: &Row) -> bool {
        let of = |row: &Row| (row.scenario, row.direction, row.got, row.ok);
        // What a server answers tells of the connection, which differs.
        let is_same_reason = row.got == Verdict::Accepted || self.reason == row.reason;
        let (false, Some(version)) = (self.tls.is_empty(), row.tls) else {
            return false;
        };
        let is_same_case = self.row.presented == row.presented && of(self.row) == of(row);
        if !is_same_case || !is_same_reason {
            return false;
        }
        self.tls.push(version);
        self.reason = common_start(self.reason, &row.reason);
        true
    }
}

/// The words that both begin with, up to a colon where they go on differently.
fn common_start<'a>(one: &'a str, other: &str) -> &'a str {
    if one == other {
        return one;
    }
    let starts = one.match_indices(": ").map(|(end, _)| &one[..end]);
    let common = starts.filter(|start| other.starts_with(start));
    common.last().unwrap_or_default()
}

/// The most exact sentence about an error: that of its innermost cause.
pub(crate) fn innermost_sentence(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
