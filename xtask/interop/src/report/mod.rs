//! What was seen: rows as data, the lines on the terminal and the tables of `docs/interop.md`.

pub(crate) mod group;
pub(crate) mod page;

use std::collections::HashSet;
use std::fmt;
use std::fmt::Write as _;

use suite::process::Finished;

/// One thing that was tried with one program.
pub(crate) struct Row {
    pub(crate) group: &'static str,
    /// Whose behaviour this is: a server, a client, a reader, a linter.
    pub(crate) subject: String,
    pub(crate) case: String,
    pub(crate) expected: Verdict,
    pub(crate) got: Verdict,
    /// What the program said.
    pub(crate) evidence: String,
}

impl Row {
    pub(crate) fn ok(&self) -> bool {
        self.expected == self.got
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Accepted,
    Refused,
    /// By the server, with a TLS alert or by ending the connection before any answer.
    RefusedInTls,
    /// By the server, after a handshake that succeeded.
    RefusedByStatus(u16),
    /// The doctor finds nothing.
    Healthy,
    /// What the doctor finds first.
    Finding(&'static str),
    /// Neither: the program is not there, did not start, took too long or talked about something else.
    NotRun,
}

impl Verdict {
    /// Accepted if it holds, and otherwise refused.
    pub(crate) fn accepted_if(holds: bool) -> Self {
        match holds {
            true => Self::Accepted,
            false => Self::Refused,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => f.write_str("accepted"),
            Self::Refused => f.write_str("refused"),
            Self::RefusedInTls => f.write_str("refused (TLS)"),
            Self::RefusedByStatus(status) => write!(f, "refused ({status})"),
            Self::Healthy => f.write_str("healthy"),
            Self::Finding(id) => f.write_str(id),
            Self::NotRun => f.write_str("did not run"),
        }
    }
}

/// All rows so far; each is printed as it comes.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

impl Report {
    pub(crate) fn push(
        &mut self,
        group: &'static str,
        subject: &str,
        case: &str,
        expected: Verdict,
        seen: anyhow::Result<(Verdict, String)>,
    ) {
        let (got, evidence) = seen.unwrap_or_else(|error| (Verdict::NotRun, format!("{error:#}")));
        let evidence = evidence
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .chars()
            .take(240)
            .collect();
        let row = Row {
            group,
            subject: subject.to_owned(),
            case: case.to_owned(),
            expected,
            got,
            evidence,
        };
        if row.ok() {
            println!("ok      {group}: {subject}, {case}: {got}");
        } else {
            println!(
                "FAILED  {group}: {subject}, {case}: expected {expected}, got {got}: {}",
                row.evidence
            );
        }
        self.rows.push(row);
    }

    /// The last row of a story, whose other rows are there: what broke off has to be a row, too.
    pub(crate) fn story(&mut self, group: &'static str, subject: &str, told: anyhow::Result<()>) {
        let seen = told.map(|()| (Verdict::Accepted, "to its end".to_owned()));
        self.push(group, subject, "the story", Verdict::Accepted, seen);
    }

    /// A row for a command of ours that has to refuse, with these words.
    pub(crate) fn refused(
        &mut self,
        group: &'static str,
        subject: &str,
        case: &str,
        words: &str,
        ran: anyhow::Result<Finished>,
    ) {
        let seen = ran.map(|ran| match ran.code {
            Some(1) if ran.stderr.contains(words) => (Verdict::Refused, ran.stderr),
            Some(0) => (Verdict::Accepted, ran.stdout),
            _ => (Verdict::NotRun, ran.stderr),
        });
        self.push(group, subject, case, Verdict::Refused, seen);
    }

    pub(crate) fn passed(&self) -> usize {
        self.rows.iter().filter(|row| row.ok()).count()
    }

    pub(crate) fn failed(&self) -> usize {
        self.rows.len() - self.passed()
    }

    /// A table for each group, under its title: a line for each case, a column for each subject. What was not expected is
    /// in bold.
    pub(crate) fn tables(&self) -> Vec<(String, String)> {
        let groups = distinct(self.rows.iter().map(|row| row.group));
        groups
            .into_iter()
            .map(|group| (capitalised(group), self.table(group)))
            .collect()
    }

    fn table(&self, group: &str) -> String {
        let rows = || self.rows.iter().filter(|row| row.group == group);
        let subjects = distinct(rows().map(|row| row.subject.as_str()));
        let mut text = format!("| | {} |\n", subjects.join(" | "));
        let _ = writeln!(text, "| --- |{}", " --- |".repeat(subjects.len()));
        for case in distinct(rows().map(|row| row.case.as_str())) {
            let cell = |subject: &&str| match rows()
                .find(|row| row.case == case && row.subject == *subject)
            {
                None => String::new(),
                Some(row) if row.ok() => row.got.to_string(),
                Some(row) => format!("**{}, expected {}**", row.got, row.expected),
            };
            let cells: Vec<_> = subjects.iter().map(cell).collect();
            let _ = writeln!(text, "| {case} | {} |", cells.join(" | "));
        }
        text
    }
}

fn distinct<T: Copy + Eq + std::hash::Hash>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = HashSet::new();
    values.filter(|value| seen.insert(*value)).collect()
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::{Report, Verdict};

    #[test]
    fn only_what_was_expected_passes() {
        let mut report = Report::default();
        for (case, expected, got) in [
            ("good", Verdict::Accepted, Verdict::Accepted),
            ("bad", Verdict::RefusedInTls, Verdict::RefusedByStatus(400)),
        ] {
            report.push("servers", "nginx", case, expected, Ok((got, String::new())));
        }
        let error = Err(anyhow::anyhow!("no such program"));
        report.push("servers", "Caddy", "bad", Verdict::Refused, error);

        assert_eq!((report.passed(), report.failed()), (1, 2));
        let rows = [
            "| | nginx | Caddy |",
            "| good | accepted |  |",
            "| bad | **refused (400), expected refused (TLS)** | **did not run, expected refused** |",
        ];
        let tables = report.tables();
        let titles: Vec<_> = tables.iter().map(|(title, _)| title.as_str()).collect();
        assert_eq!(titles, ["Servers"]);
        let table = &tables[0].1;
        for row in rows {
            assert!(
                table.lines().any(|line| line == row),
                "no `{row}` in\n{table}"
            );
        }
    }
}
