//! `mtls attest`.

mod android;
mod apple;
mod challenge;

use std::path::PathBuf;

use anyhow::{Context as _, Error, Result};
use clap::{Args, Subcommand};
use pki_attest::Verdict;
use pki_core::CertificateRequest;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::files;
use crate::look::Source;
use crate::output::{Fields, Outcome, Output, Tone};

/// Say what a phone's attestation proves, and whether it would pass
///
/// For support: what the evidence says of the key, the app and the device, and the first check that it fails. Exit code 1
/// where it is refused.
#[derive(Args, Debug)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Examples:\n  mtls attest android chain.pem --challenge hex:00112233 --csr device.csr --status status.json\n  \
                  mtls attest apple attestation.cbor --challenge hex:00112233 --app 1234567890.com.example.app \\\n    \
                  --key-id YmbJO4x5nEHUvncp9zdWuVZjNBEMgJn3cdSToAXQe3M="
)]
pub(crate) struct Attest {
    #[command(subcommand)]
    platform: Platform,
}

#[derive(Debug, Subcommand)]
enum Platform {
    Android(android::Android),
    Apple(apple::Apple),
}

impl Attest {
    pub(crate) fn run(self, out: &mut Output) -> Result<Outcome> {
        match self.platform {
            Platform::Android(android) => android.run(out),
            Platform::Apple(apple) => apple.run(out),
        }
    }
}

/// What both platforms are asked about.
#[derive(Args, Debug)]
struct Common {
    /// The certificate request that the evidence has to be tied to (PEM or DER)
    #[arg(long, value_name = "FILE")]
    csr: Option<PathBuf>,

    /// Judge as if it were this moment, such as 2026-04-21T18:13:12Z [default: now]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    at: Option<OffsetDateTime>,

    /// Roots of a simulator in place of the platform's (PEM)
    #[arg(long, value_name = "FILE")]
    root: Option<Source>,
}

fn moment(text: &str) -> Result<OffsetDateTime, time::error::Parse> {
    OffsetDateTime::parse(text, &Rfc3339)
}

impl Common {
    fn now(&self) -> OffsetDateTime {
        self.at.unwrap_or_else(OffsetDateTime::now_utc)
    }

    fn request(&self) -> Result<Option<CertificateRequest>> {
        let read = |path: &PathBuf| {
            let request = CertificateRequest::from_pem_or_der(&files::read(path)?);
            request.with_context(|| format!("cannot use {}", path.display()))
        };
        self.csr.as_ref().map(read).transpose()
    }
}

/// What is printed of either platform.
#[derive(Serialize)]
struct Judged<Claims> {
    platform: &'static str,
    accepted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Verdict<Claims>>,
    /// What the evidence says, where the verdict does not have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Claims>,
}

impl<Claims: Serialize> Judged<Claims> {
    fn new(
        platform: &'static str,
        judged: Result<Verdict<Claims>, impl std::error::Error + Send + Sync + 'static>,
        description: Option<Claims>,
    ) -> Self {
        let (verdict, reason) = match judged {
            Ok(verdict) => (Some(verdict), None),
            // With its causes, in one line.
            Err(error) => (None, Some(format!("{:#}", Error::new(error)))),
        };
        Self {
            platform,
            accepted: verdict.is_some(),
            reason,
            description: description.filter(|_| verdict.is_none()),
            verdict,
        }
    }

    fn print(self, mut fields: Fields, out: &mut Output) -> Result<Outcome> {
        if out.is_json() {
            out.json(&self)?;
            return Ok(Outcome::found(!self.accepted));
        }
        let verdict = match &self.reason {
            None => out.paint(Tone::Good, "accepted"),
            Some(reason) => format!("{}: {reason}", out.paint(Tone::Bad, "refused")),
        };
        out.line(verdict)?;
        if let Some(verdict) = &self.verdict {
            fields.add("tied to the key", verdict.binding);
            fields.add("key kept by", verdict.keeper);
            fields.add("identifier", &verdict.id);
        }
        let fields = fields.to_string();
        if !fields.is_empty() {
            out.line(fields)?;
        }
        Ok(Outcome::found(!self.accepted))
    }
}
