//! What was seen, what is wrong with it, and what is left to ask.

use serde::ser::{Serialize, SerializeStruct as _, Serializer};

use crate::finding::{Finding, Question, Severity, Step};

/// What an examination found.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    facts: Vec<Fact>,
    findings: Vec<Finding>,
    questions: Vec<Question>,
}

/// Something that was seen.
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct Fact {
    /// What it is about.
    pub label: String,
    /// What was seen.
    pub value: String,
}

impl Report {
    /// What was seen: of servers first, then of files in the order of the targets.
    #[must_use]
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// What is wrong: errors first, and a cause before its consequences.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What cannot be seen from outside.
    #[must_use]
    pub fn questions(&self) -> &[Question] {
        &self.questions
    }

    /// How many findings are of this severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        let of = |finding: &&Finding| finding.severity == severity;
        self.findings.iter().filter(of).count()
    }

    /// Adds what was seen. What several virtual hosts share is there once.
    pub(crate) fn fact(&mut self, label: impl Into<String>, value: impl Into<String>) {
        let fact = Fact {
            label: label.into(),
            value: value.into(),
        };
        if !self.facts.contains(&fact) {
            self.facts.push(fact);
        }
    }

    /// Puts the facts from this one on in front of the others.
    pub(crate) fn begin_with_facts_from(&mut self, first: usize) {
        if first < self.facts.len() {
            self.facts.rotate_left(first);
        }
    }

    /// Adds what is wrong, behind whatever is as bad: a cause is added before its consequences. The same finding of two
    /// examinations is there once.
    pub(crate) fn finding(&mut self, finding: Finding) {
        if self.findings.contains(&finding) {
            return;
        }
        let behind = |other: &Finding| other.severity <= finding.severity;
        let place = self.findings.partition_point(behind);
        self.findings.insert(place, finding);
    }

    pub(crate) fn findings_of(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            self.finding(finding);
        }
    }

    /// Adds what another examination has found.
    pub(crate) fn append(&mut self, other: Self) {
        for Fact { label, value } in other.facts {
            self.fact(label, value);
        }
        self.findings_of(other.findings);
        for question in other.questions {
            self.question(question);
        }
    }

    /// Adds to the findings at this place what is known in the end.
    pub(crate) fn complete(&mut self, place: &str, add: impl Fn(Finding) -> Finding) {
        let findings = std::mem::take(&mut self.findings).into_iter();
        let added = findings.map(|one| if one.place == place { add(one) } else { one });
        self.findings = added.collect();
    }

    /// Mends findings of a kind by this command, where there is one, instead of what they say.
    pub(crate) fn mend(&mut self, id: &str, command: Option<String>) {
        let Some(command) = command else { return };
        for finding in self.findings.iter_mut().filter(|one| one.id == id) {
            finding.mend = vec![Step::Command(command.clone())];
        }
    }

    pub(crate) fn question(&mut self, question: Question) {
        if !self.questions.contains(&question) {
            self.questions.push(question);
        }
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut report = serializer.serialize_struct("Report", 5)?;
        report.serialize_field("facts", &self.facts)?;
        report.serialize_field("findings", &self.findings)?;
        report.serialize_field("questions", &self.questions)?;
        report.serialize_field("errors", &self.count(Severity::Error))?;
        report.serialize_field("warnings", &self.count(Severity::Warning))?;
        report.end()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn errors_come_first_and_otherwise_the_cause() {
        let mut report = Report::default();
        report.finding(Finding::warning("first-warning", "a", "it is so"));
        report.finding(Finding::error("cause", "a", "it is so"));
        report.finding(Finding::note("note", "a", "it is so"));
        report.finding(Finding::error("consequence", "a", "it is so"));
        report.finding(Finding::warning("second-warning", "a", "it is so"));
        report.finding(Finding::error("cause", "a", "it is so"));
        let ids: Vec<_> = report.findings().iter().map(|one| one.id).collect();
        let wanted = [
            "cause",
            "consequence",
            "first-warning",
            "second-warning",
            "note",
        ];
        assert_eq!(ids, wanted);
        assert_eq!(report.count(Severity::Error), 2);
    }

    #[test]
    fn programs_read_steps_by_their_kind() {
        let mut report = Report::default();
        report.fact("key", "P-256");
        let finding = Finding::error("id", "a.crt", "it is so").why("nginx says so");
        report.finding(finding.command("rm a.crt").step("ask the owner"));
        report.question(Question::new("is it?", "look"));
        assert_eq!(
            serde_json::to_value(&report).unwrap(),
            serde_json::json!({
                "facts": [{"label": "key", "value": "P-256"}],
                "findings": [{
                    "id": "id", "severity": "error", "place": "a.crt", "what": "it is so", "why": "nginx says so",
                    "mend": [{"command": "rm a.crt"}, {"text": "ask the owner"}],
                }],
                "questions": [{"what": "is it?", "how_to_check": "look"}],
                "errors": 1,
                "warnings": 0,
            })
        );
    }

    #[test]
    fn what_was_seen_of_a_server_comes_first() {
        let mut report = Report::default();
        for label in ["file", "bundle", "server", "client certificate"] {
            report.fact(label, "");
        }
        report.begin_with_facts_from(2);
        let labels: Vec<_> = report.facts().iter().map(|fact| &fact.label).collect();
        assert_eq!(labels, ["server", "client certificate", "file", "bundle"]);
        report.begin_with_facts_from(4);
        assert_eq!(report.facts().len(), 4);
        assert_eq!(report.facts()[0].label, "server");
    }
}
