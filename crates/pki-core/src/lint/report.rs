//! What lint has found.

use std::fmt;

use serde::Serialize;
use x509_identity::{Certificate, KeyUsage, KeyUsageBit, ObjectIdentifier};

/// One rule that a certificate breaks.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Finding {
    /// The rule's name, in kebab case.
    pub rule: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// Where the rule comes from.
    pub source: &'static str,
    /// What is wrong, for a person.
    pub sentence: String,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Allowed, and not what it should be.
    Notice,
    /// Some reader will refuse it.
    Warning,
    /// Against the standard: never issued here.
    Error,
}

impl Finding {
    /// A rule of the profile, which only refuses.
    pub(crate) fn policy(rule: &'static str, sentence: String) -> Self {
        Self {
            rule,
            severity: Severity::Error,
            source: "profile",
            sentence,
        }
    }
}

/// Findings as they are collected.
pub(super) struct Report {
    findings: Vec<Finding>,
    least: Severity,
}

impl Report {
    /// Of what is at least so severe.
    pub(super) fn from(least: Severity) -> Self {
        let findings = Vec::new();
        Self { findings, least }
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    /// Whether what is so severe is collected: for rules that take a while.
    pub(super) fn wants(&self, severity: Severity) -> bool {
        severity >= self.least
    }

    /// Records `rule` where it does not hold; only there the sentence is formatted.
    pub(super) fn require(
        &mut self,
        holds: bool,
        severity: Severity,
        rule: &'static str,
        source: &'static str,
        sentence: impl fmt::Display,
    ) {
        if !holds && self.wants(severity) {
            self.findings.push(Finding {
                rule,
                severity,
                source,
                sentence: sentence.to_string(),
            });
        }
    }

    pub(super) fn error(
        &mut self,
        holds: bool,
        rule: &'static str,
        source: &'static str,
        sentence: impl fmt::Display,
    ) {
        self.require(holds, Severity::Error, rule, source, sentence);
    }

    pub(super) fn warning(
        &mut self,
        holds: bool,
        rule: &'static str,
        source: &'static str,
        sentence: impl fmt::Display,
    ) {
        self.require(holds, Severity::Warning, rule, source, sentence);
    }
}

/// Whether a key usage, if there is one, has none of these bits.
pub(super) fn has_none_of(usage: Option<KeyUsage>, bits: &[KeyUsageBit]) -> bool {
    usage.is_none_or(|usage| bits.iter().all(|bit| !usage.contains(*bit)))
}

/// The value of an extension, if it is there.
pub(super) fn value(certificate: &Certificate, oid: ObjectIdentifier) -> Option<&[u8]> {
    certificate.extension(oid).map(|extension| extension.value)
}

/// Whether an extension is there, and critical.
pub(super) fn criticality(certificate: &Certificate, oid: ObjectIdentifier) -> Option<bool> {
    certificate
        .extension(oid)
        .map(|extension| extension.critical)
}
