//! What came of it: counts by server and category, and the cases behind them.

use std::fmt::Write as _;

use conformance::{Case, Verdict};
use suite::Tally;

use super::knock::Outcome;
use super::peer::Peer;

/// The outcomes of every server that was tried.
pub(crate) struct Table<'a> {
    cases: &'a [Case],
    /// For each case its outcome, if the case was tried.
    columns: Vec<(Peer, Vec<Option<Outcome>>)>,
}

/// How an outcome compares with the RFC.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Judgement {
    Right,
    WrongAccept,
    WrongRefusal,
    /// A refusal of ours which is known, and has its reason beside the case.
    NamedRefusal,
    Failed,
    NotTried,
}

impl<'a> Table<'a> {
    pub(crate) fn new(cases: &'a [Case]) -> Self {
        Self {
            cases,
            columns: Vec::new(),
        }
    }

    /// Adds the outcomes of `peer`, in the order of the cases.
    pub(crate) fn push(&mut self, peer: Peer, outcomes: Vec<Option<Outcome>>) {
        for (case, outcome) in self.cases.iter().zip(&outcomes) {
            if let Some(Outcome::Failed(why)) = outcome {
                eprintln!("warning: {}, {}: {why}", peer.name(), name(case));
            }
        }
        self.columns.push((peer, outcomes));
    }

    /// One line about the server that was added last.
    pub(crate) fn summary_of_last(&self) -> String {
        let Some((peer, _)) = self.columns.last() else {
            return String::new();
        };
        let column = self.columns.len() - 1;
        let count = |wanted| self.count(column, wanted, |_| true);
        format!(
            "{}: {} right, {} wrong accepts, {} wrong refusals, {} named refusals, {} failed",
            peer.name(),
            count(Judgement::Right),
            count(Judgement::WrongAccept),
            count(Judgement::WrongRefusal),
            count(Judgement::NamedRefusal),
            count(Judgement::Failed),
        )
    }

    /// How many cases are as they have to be, and how many not. Other servers' mistakes are theirs, but each has to
    /// have given an answer.
    pub(crate) fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for (column, (peer, _)) in self.columns.iter().enumerate() {
            for index in 0..self.cases.len() {
                match self.judge(column, index) {
                    Judgement::Right | Judgement::NamedRefusal => tally.passed += 1,
                    Judgement::WrongAccept | Judgement::WrongRefusal if *peer != Peer::Hello => {
                        tally.passed += 1;
                    }
                    Judgement::NotTried if !peer.reads_crls() && self.has_crls(index) => {}
                    _ => tally.failed += 1,
                }
            }
        }
        tally
    }

    pub(crate) fn to_markdown(&self) -> String {
        let names: Vec<_> = self.columns.iter().map(|(peer, _)| peer.name()).collect();
        let mut text = format!(
            "| | cases | {} |\n| --- | ---: |{}\n",
            names.join(" | "),
            " ---: |".repeat(names.len())
        );
        for category in self.categories() {
            self.write_counts(&mut text, category, |case| case.category == category);
        }
        self.write_counts(&mut text, "**all**", |_| true);

        self.write_cases(
            &mut text,
            "Accepted, and should not be",
            Judgement::WrongAccept,
        );
        self.write_cases(
            &mut text,
            "Refused, and should not be",
            Judgement::WrongRefusal,
        );
        for (column, (peer, _)) in self.columns.iter().enumerate() {
            for (index, case) in self.cases.iter().enumerate() {
                if let (Judgement::NamedRefusal, Some((code, reason))) =
                    (self.judge(column, index), case.exception)
                {
                    let (peer, case) = (peer.name(), name(case));
                    let _ = writeln!(text, "\n{peer} refuses \"{case}\" (`{code}`): {reason}.");
                }
            }
        }
        text
    }

    fn categories(&self) -> Vec<&'static str> {
        let mut categories: Vec<_> = self.cases.iter().map(|case| case.category).collect();
        categories.dedup();
        categories
    }

    fn write_counts(&self, text: &mut String, name: &str, of: impl Fn(&Case) -> bool + Copy) {
        let cases = self.cases.iter().filter(|case| of(case)).count();
        let _ = write!(text, "| {name} | {cases} |");
        for column in 0..self.columns.len() {
            let count = |wanted| self.count(column, wanted, of);
            let tried = cases - count(Judgement::NotTried);
            let (accepts, refusals, failed) = (
                count(Judgement::WrongAccept),
                count(Judgement::WrongRefusal),
                count(Judgement::Failed),
            );
            let _ = match (tried, failed) {
                (0, _) => write!(text, " - |"),
                (_, 0) => write!(text, " {accepts} / {refusals} |"),
                _ => write!(text, " {accepts} / {refusals}, **{failed} did not run** |"),
            };
        }
        text.push('\n');
    }

    /// A line for each case that any server gets wrong in this way.
    fn write_cases(&self, text: &mut String, title: &str, wrong: Judgement) {
        if (0..self.columns.len()).all(|column| self.count(column, wrong, |_| true) == 0) {
            return;
        }
        let names: Vec<_> = self.columns.iter().map(|(peer, _)| peer.name()).collect();
        let _ = writeln!(text, "\n{title}:\n");
        let _ = writeln!(text, "| case | by | {} |", names.join(" | "));
        let _ = writeln!(text, "| --- | --- |{}", " --- |".repeat(names.len()));
        for (index, case) in self.cases.iter().enumerate() {
            let columns = || 0..self.columns.len();
            if columns().all(|column| self.judge(column, index) != wrong) {
                continue;
            }
            let _ = write!(text, "| {} | {} |", name(case), case.clause);
            for column in columns() {
                let cell = match (self.judge(column, index), &self.columns[column].1[index]) {
                    (judgement, Some(Outcome::NoServer)) if judgement == wrong => " no start |",
                    (judgement, _) if judgement == wrong => " x |",
                    _ => " |",
                };
                text.push_str(cell);
            }
            text.push('\n');
        }
    }

    fn count(&self, column: usize, wanted: Judgement, of: impl Fn(&Case) -> bool) -> usize {
        (0..self.cases.len())
            .filter(|index| of(&self.cases[*index]) && self.judge(column, *index) == wanted)
            .count()
    }

    fn has_crls(&self, index: usize) -> bool {
        !self.cases[index].crls.is_empty()
    }

    fn judge(&self, column: usize, index: usize) -> Judgement {
        let case = &self.cases[index];
        let (peer, outcomes) = &self.columns[column];
        match (&outcomes[index], case.verdict) {
            (None, _) => Judgement::NotTried,
            (Some(Outcome::Failed(_)), _) => Judgement::Failed,
            (Some(Outcome::Accepted), Verdict::Refused { .. }) => Judgement::WrongAccept,
            (Some(Outcome::Refused | Outcome::NoServer), Verdict::Accepted) => {
                if *peer == Peer::Hello && case.exception.is_some() {
                    Judgement::NamedRefusal
                } else {
                    Judgement::WrongRefusal
                }
            }
            _ => Judgement::Right,
        }
    }
}

/// How a case is called.
fn name(case: &Case) -> String {
    format!("{}: {}", case.category, case.name)
}

#[cfg(test)]
mod tests {
    use super::{Case, Outcome, Peer, Table, Verdict};

    fn case(name: &'static str, verdict: Verdict, exception: bool) -> Case {
        Case {
            category: "path",
            name,
            clause: "RFC 5280 6.1",
            trust_anchors: Vec::new(),
            crls: Vec::new(),
            chain: Vec::new(),
            key: Vec::new(),
            verdict,
            exception: exception.then_some(("too-deep", "it is deep")),
        }
    }

    fn counts(table: &Table<'_>) -> (usize, usize) {
        let tally = table.tally();
        (tally.passed, tally.failed)
    }

    #[test]
    fn what_differs_from_the_rfc_is_counted_and_named_and_is_a_failure_of_ours_alone() {
        let cases = [
            case("good", Verdict::Accepted, false),
            case("bad", Verdict::Refused { code: "expired" }, false),
            case("deep", Verdict::Accepted, true),
        ];
        let mut table = Table::new(&cases);
        let refused = || Some(Outcome::Refused);
        table.push(
            Peer::Hello,
            vec![Some(Outcome::Accepted), refused(), refused()],
        );
        assert_eq!(counts(&table), (3, 0));
        let upside_down = || vec![Some(Outcome::NoServer), Some(Outcome::Accepted), refused()];
        table.push(Peer::Nginx, upside_down());
        assert_eq!(counts(&table), (6, 0));
        let text = table.to_markdown();
        for line in [
            "| path | 3 | 0 / 0 | 1 / 2 |",
            "| path: bad | RFC 5280 6.1 | | x |",
            "| path: good | RFC 5280 6.1 | | no start |",
            "| path: deep | RFC 5280 6.1 | | x |",
            "hello (ours) refuses \"path: deep\" (`too-deep`): it is deep.",
        ] {
            assert!(text.lines().any(|it| it == line), "no `{line}` in\n{text}");
        }

        table.push(Peer::Hello, upside_down());
        assert_eq!(counts(&table), (7, 2));
        table.push(
            Peer::Node,
            vec![None, Some(Outcome::Failed(String::new())), refused()],
        );
        assert_eq!(counts(&table), (8, 4));
    }
}
