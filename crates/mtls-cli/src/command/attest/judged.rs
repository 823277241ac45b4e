//! The verdict on a phone's evidence, as it is printed.

use anyhow::{Error, Result};
use pki_attest::Verdict;
use serde::Serialize;

use crate::output::{Fields, Outcome, Output, Tone};

/// What is printed of either platform.
#[derive(Serialize)]
pub(super) struct Judged<Claims, Said> {
    platform: &'static str,
    accepted: bool,
    /// Whether the certificates are the platform's: where they are not, nothing that the evidence says is certain.
    genuine: bool,
    /// The first of the reasons.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Verdict<Claims>>,
    /// What the evidence says, where the verdict does not have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Said>,
}

impl<Claims: Serialize, Said: Serialize> Judged<Claims, Said> {
    /// `faults` are all that is not as it should be, and may have the first one among them.
    pub(super) fn new<E: std::error::Error + Send + Sync + 'static>(
        platform: &'static str,
        genuine: bool,
        judged: Result<Verdict<Claims>, E>,
        faults: Vec<E>,
        description: Option<Said>,
    ) -> Self {
        let (verdict, first) = match judged {
            Ok(verdict) => (Some(verdict), None),
            Err(error) => (None, Some(error)),
        };
        let mut reasons = Vec::new();
        for error in first.into_iter().chain(faults) {
            // With its causes, in one line.
            let reason = format!("{:#}", Error::new(error));
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        Self {
            platform,
            accepted: verdict.is_some(),
            genuine,
            reason: reasons.first().cloned(),
            reasons,
            description: description.filter(|_| verdict.is_none()),
            verdict,
        }
    }

    pub(super) fn print(
        self,
        describe: impl FnOnce(&mut Fields),
        out: &mut Output,
    ) -> Result<Outcome> {
        if out.is_json() {
            out.json(&self)?;
            return Ok(Outcome::found(!self.accepted));
        }
        let verdict = match &self.reason {
            None => out.paint(Tone::Good, "accepted"),
            Some(reason) => format!("{}: {reason}", out.paint(Tone::Bad, "refused")),
        };
        out.line(verdict)?;
        let mut fields = Fields::default();
        fields.add_all("besides", self.reasons.iter().skip(1));
        fields.add(
            "genuine",
            match self.genuine {
                true => "yes: the certificates lead to the root",
                false => "no: whoever made it may have written anything",
            },
        );
        if let Some(verdict) = &self.verdict {
            fields.add("tied to the key", verdict.binding);
            fields.add("key kept by", verdict.keeper);
            fields.add("identifier", &verdict.id);
        }
        describe(&mut fields);
        out.line(fields.to_string())?;
        Ok(Outcome::found(!self.accepted))
    }
}
