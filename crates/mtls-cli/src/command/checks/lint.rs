//! `mtls lint`.

use anyhow::Result;
use clap::Args;
use pki_core::{Finding, Severity, lint};
use serde::Serialize;

use crate::look::Source;
use crate::output::{Outcome, Output, Tone};

/// Check certificates against RFC 5280, its companions, and what Apple asks for
///
/// Exit code 1 where there is a warning or an error; notices alone do not count.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  mtls lint server.crt")]
pub(crate) struct Lint {
    /// Certificates (PEM with any number, or DER); - for standard input
    #[arg(value_name = "FILE")]
    source: Source,
}

#[derive(Debug, Serialize)]
struct Linted {
    subject: String,
    serial: String,
    findings: Vec<Finding>,
}

impl Lint {
    pub(crate) fn run(self, out: &mut Output) -> Result<Outcome> {
        let certificates = match self.source.server()? {
            Some(server) => {
                let presented = server.presented()?;
                let read = presented.iter();
                read.map(|der| x509_identity::Certificate::from_der(der))
                    .collect::<Result<_, _>>()?
            }
            None => self.source.certificates()?,
        };
        let linted: Vec<_> = certificates
            .iter()
            .map(|certificate| Linted {
                subject: certificate.subject().to_string(),
                serial: certificate.serial().to_string(),
                findings: lint(certificate),
            })
            .collect();
        if out.is_json() {
            out.json(&linted)?;
        } else {
            for one in &linted {
                one.print(out)?;
            }
        }
        let matters = |finding: &Finding| finding.severity >= Severity::Warning;
        let found = linted.iter().flat_map(|one| &one.findings).any(matters);
        Ok(Outcome::found(found))
    }
}

impl Linted {
    fn print(&self, out: &mut Output) -> Result<()> {
        let verdict = match self.findings.len() {
            0 => out.paint(Tone::Good, "no findings"),
            1 => "1 finding".to_owned(),
            count => format!("{count} findings"),
        };
        out.line(format!("{} ({}): {verdict}", self.subject, self.serial))?;
        for finding in &self.findings {
            let severity = match finding.severity {
                Severity::Notice => out.paint(Tone::Faint, "notice"),
                Severity::Warning => out.paint(Tone::Warning, "warning"),
                Severity::Error => out.paint(Tone::Bad, "error"),
            };
            let (rule, source) = (finding.rule, finding.source);
            out.line(format!(
                "  {severity}  {} ({rule}, {source})",
                finding.sentence
            ))?;
        }
        Ok(())
    }
}
