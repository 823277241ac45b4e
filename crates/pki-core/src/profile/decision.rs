//! What a profile decides about one thing that is asked for, and by which of its rules.

use std::fmt;

use serde::Serialize;

/// What a profile decides about one name, about the key or about the validity period.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Decision {
    /// What is asked for, such as ``dns name `api.example.org` ``.
    pub asked: String,
    /// Whether the profile allows it.
    pub allowed: bool,
    /// The rule that decided, as the profile has it in TOML: `names.dns = "*.example.org"`.
    pub rule: String,
}

/// What a profile decides about everything that is asked for, one [`Decision`] each.
///
/// These are the profile's own rules. What holds for every certificate (lint), and what the CAs above allow, is only known
/// when a certificate is prepared.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Explanation {
    /// In the order key, validity, subject, alternative names.
    pub decisions: Vec<Decision>,
}

impl Explanation {
    /// Whether everything is allowed.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.decisions.iter().all(|decision| decision.allowed)
    }
}

/// One line for each decision.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.decisions
            .iter()
            .try_for_each(|decision| writeln!(f, "{decision}"))
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.allowed { "allowed" } else { "refused" };
        write!(f, "{}: {verdict} by {}", self.asked, self.rule)
    }
}

/// A rule with its outcome. Nobody reads the rule of what is allowed, so it is not formatted before it is asked for.
pub(crate) struct Ruling<'a> {
    pub(crate) allowed: bool,
    rule: Box<dyn Fn() -> String + 'a>,
}

impl<'a> Ruling<'a> {
    pub(super) fn allowed(rule: impl Fn() -> String + 'a) -> Self {
        let (allowed, rule) = (true, Box::new(rule));
        Self { allowed, rule }
    }

    pub(super) fn refused(rule: impl Fn() -> String + 'a) -> Self {
        let (allowed, rule) = (false, Box::new(rule));
        Self { allowed, rule }
    }

    /// What is allowed by this rule is refused.
    pub(super) fn refusal(self) -> Option<Self> {
        self.allowed.then_some(Self {
            allowed: false,
            ..self
        })
    }

    /// The rule, as the profile has it.
    pub(crate) fn rule(&self) -> String {
        (self.rule)()
    }

    pub(crate) fn about(self, asked: String) -> Decision {
        Decision {
            asked,
            allowed: self.allowed,
            rule: self.rule(),
        }
    }
}
