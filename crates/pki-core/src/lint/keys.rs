//! Rules about the key, and what it is for.

use const_oid::db::rfc5280::{ID_CE_BASIC_CONSTRAINTS, ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE};
use x509_identity::{Certificate, KeyUsage, KeyUsageBit, PublicKeyAlgorithm};

use super::report::{Report, criticality, has_none_of};
use crate::key;

pub(super) fn lint(certificate: &Certificate, report: &mut Report) {
    let usage = certificate.key_usage();
    let has = |bit| usage.is_some_and(|usage| usage.contains(bit));
    let algorithm = certificate.public_key_algorithm();
    match algorithm {
        PublicKeyAlgorithm::Rsa { bits } => {
            report.error(
                bits >= 2048,
                "key-size",
                "NIST SP 800-57",
                "the RSA key is shorter than 2048 bits",
            );
        }
        PublicKeyAlgorithm::EcP256 | PublicKeyAlgorithm::EcP384 | PublicKeyAlgorithm::EcP521 => {
            report.error(
                !has(KeyUsageBit::KeyEncipherment) && !has(KeyUsageBit::DataEncipherment),
                "key-usage-encipherment",
                "RFC 8813 3",
                "an elliptic-curve key cannot encipher, and its key usage says so",
            );
        }
        PublicKeyAlgorithm::Ed25519 => report.error(
            signs_alone(usage),
            "key-usage-signature",
            "RFC 9295 3",
            "an Ed25519 key signs and does nothing else, and its key usage says more",
        ),
        PublicKeyAlgorithm::MlDsa44 | PublicKeyAlgorithm::MlDsa65 | PublicKeyAlgorithm::MlDsa87 => {
            report.error(
                signs_alone(usage),
                "key-usage-signature",
                "RFC 9881 5",
                "an ML-DSA key signs and does nothing else, and its key usage says more",
            )
        }
        _ => {}
    }
    report.error(
        usage.is_some(),
        "key-usage",
        "RFC 5280 4.2.1.3",
        "the certificate has no key usage",
    );
    report.error(
        usage.is_none_or(|usage| !usage.is_empty()),
        "key-usage-empty",
        "RFC 5280 4.2.1.3",
        "the key usage allows nothing",
    );
    report.warning(
        criticality(certificate, ID_CE_KEY_USAGE) != Some(false),
        "key-usage-critical",
        "RFC 5280 4.2.1.3",
        "the key usage is not critical",
    );
    report.error(
        criticality(certificate, ID_CE_EXT_KEY_USAGE) != Some(true),
        "extended-key-usage-critical",
        "RFC 5280 4.2.1.12",
        "the extended key usage is critical",
    );
    report.error(
        criticality(certificate, ID_CE_BASIC_CONSTRAINTS).is_some(),
        "basic-constraints",
        "RFC 5280 4.2.1.9",
        "the certificate has no basic constraints",
    );
}

/// Whether the key itself is a good one.
pub(super) fn lint_key(certificate: &Certificate, report: &mut Report) {
    let checked = key::check(certificate.public_key_algorithm(), certificate.spki_der());
    if let Err(weak) = checked {
        let source = weak.source_of_rule();
        report.error(false, "weak-key", source, weak);
    }
}

/// No key establishment: RFC 9295 section 3 for Ed25519, RFC 9881 section 5 for ML-DSA.
fn signs_alone(usage: Option<KeyUsage>) -> bool {
    const OTHER: [KeyUsageBit; 5] = [
        KeyUsageBit::KeyEncipherment,
        KeyUsageBit::DataEncipherment,
        KeyUsageBit::KeyAgreement,
        KeyUsageBit::EncipherOnly,
        KeyUsageBit::DecipherOnly,
    ];
    has_none_of(usage, &OTHER)
}
