//! Rules for CA certificates.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ANY_EXTENDED_KEY_USAGE, ID_CE_BASIC_CONSTRAINTS, ID_CE_INHIBIT_ANY_POLICY,
    ID_CE_NAME_CONSTRAINTS, ID_CE_POLICY_CONSTRAINTS, ID_KP_OCSP_SIGNING,
};
use der::Decode;
use x509_cert::ext::pkix::NameConstraints;
use x509_cert::ext::pkix::name::GeneralName;
use x509_identity::{Certificate, KeyUsageBit};

use super::report::{Report, criticality, has_none_of, value};

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
    let enciphers = [
        KeyUsageBit::KeyEncipherment,
        KeyUsageBit::DataEncipherment,
        KeyUsageBit::KeyAgreement,
        KeyUsageBit::ContentCommitment,
    ];
    report.warning(
        has_none_of(certificate.key_usage(), &enciphers),
        "ca-key-usage",
        "CABF BR 7.1.2.10.7",
        "the CA's key is for more than signing certificates, CRLs and OCSP responses",
    );
    for (oid, rule, what) in CRITICAL {
        report.error(
            criticality(certificate, oid) != Some(false),
            rule,
            "RFC 5280 4.2.1.11, 4.2.1.14",
            what,
        );
    }
    constraints(certificate, report);
}

/// What widespread verifiers understand: others refuse every certificate below.
fn constraints(certificate: &Certificate, report: &mut Report) {
    let Some(found) = value(certificate, ID_CE_NAME_CONSTRAINTS) else {
        return;
    };
    let found = NameConstraints::from_der(found).ok();
    let subtrees = |constraints: NameConstraints| {
        let lists = [
            constraints.permitted_subtrees,
            constraints.excluded_subtrees,
        ];
        lists.into_iter().flatten().flatten().collect::<Vec<_>>()
    };
    let subtrees = found.map(subtrees).unwrap_or_default();
    report.error(
        !subtrees.is_empty(),
        "name-constraints",
        "RFC 5280 4.2.1.10",
        "the name constraints cannot be read or constrain nothing",
    );
    report.error(
        subtrees
            .iter()
            .all(|subtree| subtree.minimum == 0 && subtree.maximum.is_none()),
        "name-constraints-distance",
        "RFC 5280 4.2.1.10",
        "a name constraint has a minimum or a maximum",
    );
    report.warning(
        subtrees.iter().all(|subtree| match &subtree.base {
            GeneralName::DnsName(name) => !name.as_str().starts_with('.'),
            GeneralName::IpAddress(network) => matches!(network.as_bytes().len(), 8 | 32),
            _ => false,
        }),
        "name-constraints-kind",
        "rustls-webpki",
        "the name constraints are of a kind or form that some verifiers refuse: use DNS names without a leading dot, and networks",
    );
}

/// Extensions that a CA's certificate has critical, if at all.
const CRITICAL: [(ObjectIdentifier, &str, &str); 2] = [
    (
        ID_CE_POLICY_CONSTRAINTS,
        "policy-constraints-critical",
        "the policy constraints are not critical",
    ),
    (
        ID_CE_INHIBIT_ANY_POLICY,
        "inhibit-any-policy-critical",
        "the inhibition of anyPolicy is not critical",
    ),
];
