//! Rules for subjects and alternative names.

mod alternative;
mod subject;

use const_oid::db::rfc5280::ID_CE_SUBJECT_ALT_NAME;
use x509_identity::Certificate;

use super::report::{Report, criticality};

pub(super) fn lint(certificate: &Certificate, report: &mut Report) {
    let empty = certificate.subject().is_empty();
    report.error(
        !empty || !certificate.sans().is_empty(),
        "subject",
        "RFC 5280 4.1.2.6",
        "the certificate has neither a subject nor an alternative name",
    );
    let critical = criticality(certificate, ID_CE_SUBJECT_ALT_NAME);
    report.warning(
        empty || critical != Some(true),
        "alternative-name-not-critical",
        "RFC 5280 4.2.1.6",
        "the alternative names are critical, although there is a subject",
    );
    report.error(
        !empty || critical != Some(false),
        "alternative-name-critical",
        "RFC 5280 4.2.1.6",
        "without a subject the alternative names have to be critical",
    );
    subject::lint(certificate, report);
    alternative::lint(certificate, report);
}
