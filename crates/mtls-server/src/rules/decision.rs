//! What a rule decides about a client, and which part of it had the say.

use super::{finding::Finding, rule::Rule};
use crate::peer::client_cert::ClientCert;

impl Rule {
    /// Decides about a client.
    pub fn decide(&self, client: &ClientCert) -> Decision<'_> {
        let (finding, rule) = self.find(client);
        Decision { finding, rule }
    }
}

/// What a [`Rule`] decided, and which one it was.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'a> {
    finding: Finding,
    rule: &'a Rule,
}

impl<'a> Decision<'a> {
    /// Whether the client may pass.
    pub fn is_allowed(&self) -> bool {
        self.finding == Finding::Match
    }

    /// Whether it is certain that the rule does not mean this client.
    pub(crate) fn is_mismatch(&self) -> bool {
        self.finding == Finding::Mismatch
    }

    /// The rule that decided: of an `any` the one that matched, of an `all` the one that did not;
    /// the innermost of these that has a name.
    pub fn rule(&self) -> &'a Rule {
        self.rule
    }

    /// A short code: `matched`, `not-matched`, or in what the certificate is ambiguous.
    pub fn reason(&self) -> &'static str {
        match self.finding {
            Finding::Match => "matched",
            Finding::Mismatch => "not-matched",
            Finding::Unclear(code) => code,
        }
    }
}
