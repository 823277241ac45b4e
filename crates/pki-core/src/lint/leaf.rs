//! Rules for leaf certificates.

use const_oid::db::rfc5280::{ANY_EXTENDED_KEY_USAGE, ID_KP_CLIENT_AUTH, ID_KP_SERVER_AUTH};
use time::Duration;
use x509_identity::{Certificate, KeyUsageBit, SubjectAltName};

use super::report::{Report, Severity};
use crate::profile::MAX_SERVER_DAYS;

pub(super) fn lint(certificate: &Certificate, report: &mut Report) {
    let usage = certificate.key_usage();
    report.error(
        usage.is_none_or(|usage| {
            !usage.contains(KeyUsageBit::KeyCertSign) && !usage.contains(KeyUsageBit::CrlSign)
        }),
        "leaf-signs",
        "RFC 5280 4.2.1.9",
        "a certificate that is not a CA's has a CA's key usage",
    );
    report.error(
        certificate
            .basic_constraints()
            .is_none_or(|constraints| constraints.path_len.is_none()),
        "leaf-path-length",
        "RFC 5280 4.2.1.9",
        "a path length belongs to CAs only",
    );
    let Some(usages) = certificate.extended_key_usage() else {
        report.error(
            false,
            "extended-key-usage",
            "RFC 5280 4.2.1.12",
            "the certificate has no extended key usage",
        );
        return;
    };
    report.error(
        !usages.contains(&ANY_EXTENDED_KEY_USAGE),
        "any-extended-key-usage",
        "RFC 5280 4.2.1.12",
        "anyExtendedKeyUsage limits nothing",
    );
    let is_server = usages.contains(&ID_KP_SERVER_AUTH);
    if is_server || usages.contains(&ID_KP_CLIENT_AUTH) {
        report.error(
            usage.is_none_or(|usage| usage.contains(KeyUsageBit::DigitalSignature)),
            "digital-signature",
            "RFC 8446 4.4.2.2",
            "the key may not sign a TLS handshake: its key usage lacks digitalSignature",
        );
    }
    report.warning(
        !(is_server && usages.contains(&ID_KP_CLIENT_AUTH)),
        "two-purposes",
        "CABF BR 7.1.2.7",
        "the certificate serves both as server and as client",
    );
    if is_server {
        server(certificate, report);
    }
}

fn server(certificate: &Certificate, report: &mut Report) {
    let named = certificate
        .sans()
        .iter()
        .any(|name| matches!(name, SubjectAltName::Dns(_) | SubjectAltName::Ip(_)));
    report.error(
        named,
        "server-name",
        "RFC 9525 2",
        "the server has no DNS name or IP address among its alternative names",
    );
    let period = certificate.not_after() - certificate.not_before() + Duration::SECOND;
    report.error(
        period <= Duration::days(i64::from(MAX_SERVER_DAYS)),
        "server-life",
        "Apple 103769",
        "Apple's systems refuse a server certificate that is valid for more than 825 days",
    );
    report.require(
        period <= Duration::days(398),
        Severity::Notice,
        "server-life-public",
        "CABF BR 6.3.2",
        "the server certificate is valid for more than 398 days",
    );
}
