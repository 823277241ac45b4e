//! The three linters.

use std::fs;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use base64ct::{Base64, Encoding as _};
use der::pem::{LineEnding, encode_string};
use pki_core::{Severity, certificate_pem, lint};
use suite::{Peers, process};
use x509_identity::Certificate;

use crate::pki::{Pki, Role};

pub(crate) struct Judges<'a> {
    pub(crate) peers: &'a Peers,
    pub(crate) pki: &'a Pki,
}

/// A certificate to look at.
pub(crate) struct Subject {
    pub(crate) role: Role,
    pub(crate) der: Vec<u8>,
    /// Whether OpenSSL 3.0 knows the key.
    pub(crate) for_openssl: bool,
}

/// What the linters say about one certificate; empty for nothing at WARNING or above.
#[derive(Default)]
pub(crate) struct Verdicts {
    pub(crate) ours: Vec<String>,
    pub(crate) pkilint: Vec<String>,
    pub(crate) openssl: Vec<String>,
}

impl Judges<'_> {
    pub(crate) fn verdicts(&self, subjects: &[Subject]) -> Result<Vec<Verdicts>> {
        let pkilint = self.pkilint(subjects)?;
        let openssl = self.openssl(subjects)?;
        let others = pkilint.into_iter().zip(openssl);
        Ok(subjects
            .iter()
            .zip(others)
            .map(|(subject, (pkilint, openssl))| Verdicts {
                ours: ours(&subject.der),
                pkilint,
                openssl,
            })
            .collect())
    }

    /// One process for all, as one for each would take a second each.
    fn pkilint(&self, subjects: &[Subject]) -> Result<Vec<Vec<String>>> {
        let directory = tempfile::tempdir()?;
        let input = directory.path().join("certificates");
        let lines = subjects
            .iter()
            .map(|it| Base64::encode_string(&it.der) + "\n");
        fs::write(&input, lines.collect::<String>())?;
        let mut python = self.peers.command("python");
        python.args(["-c", include_str!("pkilint.py")]);
        // Thousands of them take longer than any other program of ours may.
        let said = python
            .stdin(fs::File::open(&input)?)
            // A trace for each certificate that a validator of its own cannot read.
            .stderr(Stdio::piped())
            .output()
            .context("starting python")?;
        ensure!(
            said.status.success(),
            "pkilint failed: {}: {}",
            said.status,
            String::from_utf8_lossy(&said.stderr)
                .lines()
                .last()
                .unwrap_or_default()
        );
        let lines = String::from_utf8(said.stdout)?;
        let findings = lines.lines().map(|line| {
            let findings: Vec<[String; 2]> = serde_json::from_str(line)?;
            Ok(findings.into_iter().map(|it| it.join(" ")).collect())
        });
        let findings: Vec<_> = findings.collect::<Result<_>>()?;
        ensure!(findings.len() == subjects.len(), "pkilint left some out");
        Ok(findings)
    }

    fn openssl(&self, subjects: &[Subject]) -> Result<Vec<Vec<String>>> {
        let directory = tempfile::tempdir()?;
        let root = directory.path().join("root.pem");
        fs::write(&root, certificate_pem(self.pki.root.certificate()))?;
        let verdict = |(number, subject): (usize, &Subject)| -> Result<Vec<String>> {
            if !subject.for_openssl {
                return Ok(Vec::new());
            }
            let file = directory.path().join(format!("{number}.pem"));
            let pem = encode_string("CERTIFICATE", LineEnding::LF, &subject.der)?;
            fs::write(&file, pem)?;
            let anchor = if subject.role == Role::Root {
                &file
            } else {
                &root
            };
            let mut openssl = self.peers.command("openssl");
            openssl
                .args(["verify", "-x509_strict", "-CAfile"])
                .arg(anchor);
            match subject.role {
                Role::Server => openssl.args(["-purpose", "sslserver"]),
                Role::Client => openssl.args(["-purpose", "sslclient"]),
                _ => &mut openssl,
            };
            let said = process::run(openssl.arg(&file), None)?;
            Ok(match said.success() {
                true => Vec::new(),
                false => vec![said.stderr.lines().take(2).collect::<Vec<_>>().join(" ")],
            })
        };
        subjects.iter().enumerate().map(verdict).collect()
    }
}

fn ours(der: &[u8]) -> Vec<String> {
    match Certificate::from_der(der) {
        Ok(certificate) => lint(&certificate)
            .into_iter()
            .filter(|finding| finding.severity >= Severity::Warning)
            .map(|finding| finding.rule.to_owned())
            .collect(),
        Err(error) => vec![format!("unreadable: {error}")],
    }
}
