//! Lint: rules that hold for every certificate, of any profile and any issuer.

mod ca;
mod common;
mod leaf;
mod report;

use x509_identity::Certificate;

use report::Report;

pub use report::{Finding, Severity};

/// Judges a certificate by RFC 5280 and its companions; an empty answer is a clean one.
#[must_use]
pub fn lint(certificate: &Certificate) -> Vec<Finding> {
    let mut report = Report::default();
    common::lint(certificate, &mut report);
    if certificate.is_ca() {
        ca::lint(certificate, &mut report);
    } else {
        leaf::lint(certificate, &mut report);
    }
    report.into_findings()
}
