//! Rules for leaf certificates.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc4519::COMMON_NAME;
use const_oid::db::rfc5280::{
    ANY_EXTENDED_KEY_USAGE, ID_CE_BASIC_CONSTRAINTS, ID_CE_INHIBIT_ANY_POLICY,
    ID_CE_NAME_CONSTRAINTS, ID_CE_POLICY_CONSTRAINTS, ID_CE_POLICY_MAPPINGS, ID_KP_CLIENT_AUTH,
    ID_KP_OCSP_SIGNING, ID_KP_SERVER_AUTH,
};
use const_oid::db::rfc6960::ID_PKIX_OCSP_NOCHECK;
use time::Duration;
use x509_identity::{Certificate, KeyUsageBit, PublicKeyAlgorithm, SubjectAltName};

use super::report::{Report, Severity, criticality, has_none_of, value};
use crate::profile::MAX_SERVER_DAYS;

pub(super) fn lint(certificate: &Certificate, report: &mut Report) {
    let usage = certificate.key_usage();
    report.error(
        has_none_of(usage, &[KeyUsageBit::KeyCertSign, KeyUsageBit::CrlSign]),
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
    for (oid, rule, sentence) in FOR_CAS {
        report.error(
            criticality(certificate, oid).is_none(),
            rule,
            "RFC 5280 4.2.1.10, 4.2.1.5, 4.2.1.11, 4.2.1.14",
            sentence,
        );
    }
    report.require(
        criticality(certificate, ID_CE_BASIC_CONSTRAINTS) != Some(false),
        Severity::Notice,
        "leaf-basic-constraints-critical",
        "CABF BR 7.1.2.7.8",
        "the basic constraints are not critical",
    );
    let needless = [
        KeyUsageBit::ContentCommitment,
        KeyUsageBit::DataEncipherment,
        KeyUsageBit::KeyAgreement,
    ];
    report.require(
        has_none_of(usage, &needless),
        Severity::Notice,
        "key-usage-needless",
        "CABF BR 7.1.2.7.11",
        "the key usage has bits that no handshake of today needs",
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
    let signs = usage.is_none_or(|usage| usage.contains(KeyUsageBit::DigitalSignature));
    if is_server || usages.contains(&ID_KP_CLIENT_AUTH) {
        report.error(
            signs,
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
    let is_responder = usages.contains(&ID_KP_OCSP_SIGNING);
    report.warning(
        is_responder || criticality(certificate, ID_PKIX_OCSP_NOCHECK).is_none(),
        "ocsp-no-check",
        "RFC 6960 4.2.2.2.1",
        "id-pkix-ocsp-nocheck is for OCSP responders",
    );
    if is_responder {
        responder(certificate, signs, usages.len() == 1, report);
    }
}

/// A responder that the CA has appointed (RFC 6960 section 4.2.2.2).
fn responder(certificate: &Certificate, signs: bool, alone: bool, report: &mut Report) {
    report.error(
        signs,
        "ocsp-digital-signature",
        "CABF BR 7.1.2.8.8",
        "the key may not sign OCSP responses: its key usage lacks digitalSignature",
    );
    report.error(
        alone,
        "ocsp-signing-alone",
        "CABF BR 7.1.2.8.7",
        "a certificate that signs OCSP responses is for something else, too",
    );
    let no_check = criticality(certificate, ID_PKIX_OCSP_NOCHECK);
    report.require(
        no_check.is_some(),
        Severity::Notice,
        "ocsp-no-check-missing",
        "RFC 6960 4.2.2.2.1",
        "the responder's own revocation would have to be checked: id-pkix-ocsp-nocheck is missing",
    );
    report.warning(
        no_check != Some(true),
        "ocsp-no-check-critical",
        "RFC 6960 4.2.2.2.1",
        "id-pkix-ocsp-nocheck is critical",
    );
    let null = value(certificate, ID_PKIX_OCSP_NOCHECK);
    report.error(
        null.is_none_or(|value| value == [5, 0]),
        "ocsp-no-check-value",
        "RFC 6960 4.2.2.2.1",
        "the value of id-pkix-ocsp-nocheck is not NULL",
    );
}

fn server(certificate: &Certificate, report: &mut Report) {
    // All of them: readers differ in which one they take.
    for name in certificate.subject().texts(COMMON_NAME) {
        let repeats = certificate.sans().iter().any(|san| match san {
            SubjectAltName::Dns(dns) => dns.eq_ignore_ascii_case(name),
            SubjectAltName::Ip(address) => name.parse() == Ok(*address),
            _ => false,
        });
        report.error(
            repeats,
            "common-name",
            "RFC 9525 2, CABF BR 7.1.4.3",
            format_args!("the common name `{name}` is not among the alternative names"),
        );
    }
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
    report.require(
        matches!(
            certificate.public_key_algorithm(),
            PublicKeyAlgorithm::EcP256
                | PublicKeyAlgorithm::EcP384
                | PublicKeyAlgorithm::Rsa { .. }
        ),
        Severity::Notice,
        "server-key-kind",
        "CABF BR 6.1.5",
        "browsers and Apple's TLS take servers' keys on P-256, P-384 and of RSA alone",
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

/// Extensions that say something about certificates below a CA.
const FOR_CAS: [(ObjectIdentifier, &str, &str); 4] = [
    (
        ID_CE_NAME_CONSTRAINTS,
        "leaf-name-constraints",
        "name constraints are for CAs",
    ),
    (
        ID_CE_POLICY_MAPPINGS,
        "leaf-policy-mappings",
        "policy mappings are for CAs",
    ),
    (
        ID_CE_POLICY_CONSTRAINTS,
        "leaf-policy-constraints",
        "policy constraints are for CAs",
    ),
    (
        ID_CE_INHIBIT_ANY_POLICY,
        "leaf-inhibit-any-policy",
        "the inhibition of anyPolicy is for CAs",
    ),
];
