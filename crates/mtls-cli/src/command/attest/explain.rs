//! `mtls attest explain`.

use anyhow::{Result, bail};
use clap::Args;
use pki_enroll::AttestationPolicy;
use serde::Serialize;

use crate::global::Global;
use crate::home::Home;
use crate::output::{Outcome, Output};

/// Say what a profile asks devices to prove
///
/// That is its table `[attestation]`; a table that no device could meet is an error.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  mtls attest explain client")]
pub(super) struct Explain {
    /// The profile
    #[arg(value_name = "PROFILE")]
    profile: String,
}

#[derive(Serialize)]
struct Explained<'a> {
    profile: &'a str,
    policy: &'a AttestationPolicy,
    sentences: Vec<String>,
}

impl Explain {
    pub(super) fn run(self, global: &Global, out: &mut Output) -> Result<Outcome> {
        let directory = Home::of(global)?.ca(global.ca.as_deref())?;
        let profile = directory.enrollment_profile(&self.profile)?;
        let Some(requirement) = &profile.attestation else {
            bail!(
                "the profile `{}` asks devices for no evidence: it has no table [attestation]",
                self.profile
            );
        };
        let policy = requirement.policy();
        let explained = Explained {
            profile: &self.profile,
            policy,
            sentences: policy.explain(),
        };
        if out.is_json() {
            out.json(&explained)?;
            return Ok(Outcome::Done);
        }
        out.line(format!(
            "a certificate of the profile `{}` needs",
            self.profile
        ))?;
        for sentence in &explained.sentences {
            out.line(format!("- {sentence}"))?;
        }
        Ok(Outcome::Done)
    }
}
