//! What a rule decides about a client, and which part of it decided.

use super::{finding::Finding, rule::Rule};
use crate::peer::client_cert::ClientCert;

impl Rule {
    /// Decides about a client.
    pub fn decide(&self, client: &ClientCert) -> Decision<'_> {
        let (finding, rule) = self.find(client);
        Decision { finding, rule }
    }
}

/// What a [`Rule`] decided, and which part of it decided.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'a> {
    finding: Finding,
    rule: &'a Rule,
}

impl<'a> Decision<'a> {
    /// Whether the client is allowed.
    pub fn is_allowed(&self) -> bool {
        self.finding == Finding::Match
    }

    /// Whether the rule certainly does not match this client.
    pub(crate) fn is_mismatch(&self) -> bool {
        self.finding == Finding::Mismatch
    }

    /// The rule that decided: of an `any` the one that matched, of an `all` the one that did not. If
    /// several have a name, the innermost.
    pub fn rule(&self) -> &'a Rule {
        self.rule
    }

    /// A short code: `matched`, `not-matched`, or how the certificate is ambiguous.
    pub fn reason(&self) -> &'static str {
        match self.finding {
            Finding::Match => "matched",
            Finding::Mismatch => "not-matched",
            Finding::Unclear(code) => code,
        }
    }
}
