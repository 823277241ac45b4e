//! Rules for CA certificates.

use const_oid::db::rfc5280::{
    ANY_EXTENDED_KEY_USAGE, ID_CE_BASIC_CONSTRAINTS, ID_CE_NAME_CONSTRAINTS, ID_KP_OCSP_SIGNING,
};
use x509_identity::{Certificate, KeyUsageBit};

use super::report::{Report, criticality};

pub(super) fn lint(certificate: &Certificate, report: &mut Report) {
    report.error(
        criticality(certificate, ID_CE_BASIC_CONSTRAINTS) == Some(true),
        "ca-basic-constraints-critical",
        "RFC 5280 4.2.1.9",
        "the basic constraints of a CA are not critical",
    );
    report.error(
        certificate
            .key_usage()
            .is_none_or(|usage| usage.contains(KeyUsageBit::KeyCertSign)),
        "ca-key-cert-sign",
        "RFC 5280 4.2.1.3",
        "the CA may not sign certificates: its key usage lacks keyCertSign",
    );
    report.warning(
        certificate
            .key_usage()
            .is_none_or(|usage| usage.contains(KeyUsageBit::CrlSign)),
        "ca-crl-sign",
        "RFC 5280 4.2.1.3",
        "the CA cannot revoke: its key usage lacks cRLSign",
    );
    report.error(
        !certificate.subject().is_empty(),
        "ca-subject",
        "RFC 5280 4.1.2.6",
        "the CA has no name",
    );
    report.error(
        certificate.subject_key_id().is_some(),
        "ca-subject-key-id",
        "RFC 5280 4.2.1.2",
        "the CA has no subject key identifier",
    );
    report.error(
        criticality(certificate, ID_CE_NAME_CONSTRAINTS) != Some(false),
        "name-constraints-critical",
        "RFC 5280 4.2.1.10",
        "the name constraints are not critical",
    );
    let usages = certificate.extended_key_usage().unwrap_or_default();
    report.error(
        !usages.contains(&ID_KP_OCSP_SIGNING),
        "ca-ocsp-signing",
        "CABF BR 7.1.2.2",
        "a CA with OCSPSigning could answer for the CA above it",
    );
    report.warning(
        !usages.contains(&ANY_EXTENDED_KEY_USAGE),
        "any-extended-key-usage",
        "CABF BR 7.1.2.2",
        "anyExtendedKeyUsage limits nothing",
    );
}
