//! What is wrong, who refuses it, and what mends it; and what cannot be seen from outside.

use serde::Serialize;

/// Something that is wrong, or that will be.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// Its name for programs, in kebab case. It does not change between versions.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The file, the bag of a bundle, the line of a configuration or the URL where it is.
    pub place: String,
    /// What is wrong: a sentence.
    pub what: String,
    /// Who refuses it, and with which message: a sentence or two.
    pub why: String,
    /// What mends it, in this order.
    pub mend: Vec<Step>,
}

/// How bad a finding is; the worst first.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The set-up does not work.
    Error,
    /// Some peers refuse it, or all of them will soon.
    Warning,
    /// Nobody refuses it; it is worth knowing.
    Note,
}

/// One step of what mends a finding.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// A command for a POSIX shell, with the real paths.
    Command(String),
    /// What to do where no command can: a sentence.
    Text(String),
}

/// What cannot be seen from outside.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Question {
    /// The question.
    pub what: String,
    /// How to find its answer.
    pub how_to_check: String,
}

impl Finding {
    /// A set-up that does not work.
    #[must_use]
    pub(crate) fn error(
        id: &'static str,
        place: impl Into<String>,
        what: impl Into<String>,
    ) -> Self {
        Self::new(id, Severity::Error, place.into(), what.into())
    }

    /// What some peers refuse, or all of them will soon.
    #[must_use]
    pub(crate) fn warning(
        id: &'static str,
        place: impl Into<String>,
        what: impl Into<String>,
    ) -> Self {
        Self::new(id, Severity::Warning, place.into(), what.into())
    }

    /// What nobody refuses.
    #[must_use]
    pub(crate) fn note(
        id: &'static str,
        place: impl Into<String>,
        what: impl Into<String>,
    ) -> Self {
        Self::new(id, Severity::Note, place.into(), what.into())
    }

    fn new(id: &'static str, severity: Severity, place: String, what: String) -> Self {
        Self {
            id,
            severity,
            place,
            what,
            why: String::new(),
            mend: Vec::new(),
        }
    }

    /// Says who refuses it, and with which message.
    #[must_use]
    pub(crate) fn why(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }

    /// Adds a command that mends it.
    #[must_use]
    pub(crate) fn command(mut self, command: impl Into<String>) -> Self {
        self.mend.push(Step::Command(command.into()));
        self
    }

    /// Adds a step that is no command.
    #[must_use]
    pub(crate) fn step(mut self, text: impl Into<String>) -> Self {
        self.mend.push(Step::Text(text.into()));
        self
    }

    /// Adds the command where there is one, and otherwise what to do instead.
    #[must_use]
    pub(crate) fn command_or(self, command: Option<String>, text: impl Into<String>) -> Self {
        match command {
            Some(command) => self.command(command),
            None => self.step(text),
        }
    }
}

impl Question {
    /// A question, and how to find its answer.
    #[must_use]
    pub(crate) fn new(what: impl Into<String>, how_to_check: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            how_to_check: how_to_check.into(),
        }
    }
}
