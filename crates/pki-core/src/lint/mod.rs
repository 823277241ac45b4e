//! Lint: rules that hold for every certificate, of any profile and any issuer.

mod ca;
mod common;
mod encoding;
mod keys;
mod leaf;
mod names;
mod report;
mod revocation;

use x509_identity::Certificate;

use report::Report;

pub use report::{Finding, Severity};

/// Judges a certificate by RFC 5280 and its companions; an empty answer is a clean one.
///
/// It goes by what the certificate says that it is: a CA (basicConstraints), self-issued or not, or a server, a client or
/// an OCSP responder (extended key usage). RFC 6960, 8813, 9608, 9881, the CA/Browser Forum's Baseline Requirements, and
/// what Apple's systems and widespread verifiers refuse are the other sources; each [`Finding`] names its own. Signatures
/// are not checked.
#[must_use]
pub fn lint(certificate: &Certificate) -> Vec<Finding> {
    findings(certificate, Severity::Notice, false)
}

/// The errors of [`lint`]. A key that was checked already is not checked once more, which takes longest.
pub(crate) fn lint_to_sign(certificate: &Certificate, is_key_checked: bool) -> Vec<Finding> {
    findings(certificate, Severity::Error, is_key_checked)
}

/// What is at least as severe as `least`.
fn findings(certificate: &Certificate, least: Severity, is_key_checked: bool) -> Vec<Finding> {
    let mut report = Report::from(least);
    common::lint(certificate, &mut report);
    encoding::lint(certificate, &mut report);
    keys::lint(certificate, &mut report);
    if !is_key_checked {
        keys::lint_key(certificate, &mut report);
    }
    names::lint(certificate, &mut report);
    revocation::lint(certificate, &mut report);
    if certificate.is_ca() {
        ca::lint(certificate, &mut report);
    } else {
        leaf::lint(certificate, &mut report);
    }
    report.into_findings()
}
