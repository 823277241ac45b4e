//! Rules for certificates of every role.

use const_oid::db::rfc4519::COUNTRY_NAME;
use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_BASIC_CONSTRAINTS, ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE,
    ID_CE_SUBJECT_ALT_NAME, ID_CE_SUBJECT_KEY_IDENTIFIER,
};
use const_oid::db::rfc5912::SHA_1_WITH_RSA_ENCRYPTION;
use der::asn1::AnyRef;
use der::{Decode, Reader, SliceReader};
use time::OffsetDateTime;
use x509_cert::time::{Time, Validity};
use x509_identity::pattern::is_host_name;
use x509_identity::{
    AttributeValue, Certificate, KeyUsage, KeyUsageBit, PublicKeyAlgorithm, StringType,
    SubjectAltName,
};

use super::report::{Report, criticality};

const X509: &str = "RFC 5280";

pub(super) fn lint(certificate: &Certificate, report: &mut Report) {
    report.error(
        certificate.version() == 3,
        "version",
        "RFC 5280 4.1.2.1",
        "the certificate is not of version 3",
    );
    report.error(
        certificate.serial().is_rfc5280(),
        "serial-number",
        "RFC 5280 4.1.2.2",
        "the serial number is not positive and at most 20 octets long",
    );
    report.error(
        certificate.serial().as_bytes().len() >= 8,
        "serial-entropy",
        "CABF BR 7.1",
        "the serial number is too short to be random",
    );
    report.error(
        !certificate.issuer().is_empty(),
        "issuer",
        "RFC 5280 4.1.2.4",
        "the issuer has no name",
    );
    report.error(
        certificate.not_before() <= certificate.not_after(),
        "validity",
        "RFC 5280 4.1.2.5",
        "the certificate ends before it begins",
    );
    report.error(
        has_proper_times(certificate),
        "time-encoding",
        "RFC 5280 4.1.2.5",
        "a date up to 2049 is a UTCTime, a later one a GeneralizedTime",
    );
    report.error(
        certificate.signature_algorithm() != SHA_1_WITH_RSA_ENCRYPTION,
        "signature-hash",
        "RFC 9155",
        "the signature uses SHA-1",
    );
    keys(certificate, report);
    identifiers(certificate, report);
    names(certificate, report);
}

fn keys(certificate: &Certificate, report: &mut Report) {
    let usage = certificate.key_usage();
    let has = |bit| usage.is_some_and(|usage| usage.contains(bit));
    match certificate.public_key_algorithm() {
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

/// No key establishment: RFC 9295 section 3 for Ed25519, RFC 9881 section 5 for ML-DSA.
fn signs_alone(usage: Option<KeyUsage>) -> bool {
    const OTHER: [KeyUsageBit; 5] = [
        KeyUsageBit::KeyEncipherment,
        KeyUsageBit::DataEncipherment,
        KeyUsageBit::KeyAgreement,
        KeyUsageBit::EncipherOnly,
        KeyUsageBit::DecipherOnly,
    ];
    usage.is_none_or(|usage| OTHER.iter().all(|bit| !usage.contains(*bit)))
}

fn identifiers(certificate: &Certificate, report: &mut Report) {
    report.error(
        criticality(certificate, ID_CE_SUBJECT_KEY_IDENTIFIER) != Some(true)
            && criticality(certificate, ID_CE_AUTHORITY_KEY_IDENTIFIER) != Some(true),
        "key-identifier-critical",
        "RFC 5280 4.2.1.1",
        "a key identifier is critical",
    );
    report.warning(
        certificate.subject_key_id().is_some(),
        "subject-key-id",
        "RFC 5280 4.2.1.2",
        "the certificate has no subject key identifier",
    );
    report.error(
        certificate.is_self_issued() || certificate.authority_key_id().is_some(),
        "authority-key-id",
        "RFC 5280 4.2.1.1",
        "the certificate has no authority key identifier",
    );
}

fn names(certificate: &Certificate, report: &mut Report) {
    let empty = certificate.subject().is_empty();
    report.error(
        !empty || !certificate.sans().is_empty(),
        "subject",
        "RFC 5280 4.1.2.6",
        "the certificate has neither a subject nor an alternative name",
    );
    let countries = certificate
        .subject()
        .attributes()
        .filter(|attribute| attribute.oid() == COUNTRY_NAME);
    for country in countries {
        let printable = matches!(country.value(), AttributeValue::Text { text, string_type: StringType::Printable } if text.len() == 2);
        report.error(
            printable,
            "country",
            "RFC 5280 A.1",
            &format!("`{country}` is not a PrintableString of two letters"),
        );
    }
    let critical = criticality(certificate, ID_CE_SUBJECT_ALT_NAME);
    report.error(
        !empty || critical != Some(false),
        "alternative-name-critical",
        "RFC 5280 4.2.1.6",
        "without a subject the alternative names have to be critical",
    );
    for name in certificate.sans() {
        match name {
            SubjectAltName::Dns(name) => {
                let rule = "dns-name";
                report.error(
                    is_dns_name(name),
                    rule,
                    "RFC 5280 4.2.1.6",
                    &format!("`{name}` is not a DNS name"),
                );
            }
            SubjectAltName::Email(name) => {
                let good = name
                    .rsplit_once('@')
                    .is_some_and(|(local, domain)| !local.is_empty() && is_dns_name(domain));
                report.error(
                    good,
                    "email",
                    "RFC 5280 4.2.1.6",
                    &format!("`{name}` is not an email address"),
                );
            }
            SubjectAltName::Uri(name) => {
                let good = name
                    .split_once(':')
                    .is_some_and(|(scheme, rest)| is_scheme(scheme) && !rest.is_empty());
                report.error(
                    good,
                    "uri",
                    X509,
                    &format!("`{name}` is not an absolute URI"),
                );
            }
            SubjectAltName::Unreadable { kind, .. } => report.error(
                false,
                "alternative-name",
                "RFC 5280 4.2.1.6",
                &format!("an alternative name of the kind {kind} is empty or not ASCII"),
            ),
            _ => {}
        }
    }
    let subject = certificate.subject().attributes();
    for attribute in subject.filter(|attribute| !attribute.value().is_well_typed()) {
        report.error(
            false,
            "string-type",
            "RFC 5280 4.1.2.4",
            &format!("`{attribute}` has characters for which its string type has no place"),
        );
    }
}

/// A host name or `*.` and one, without the underscores that are in use elsewhere (RFC 5280 section 4.2.1.6).
fn is_dns_name(name: &str) -> bool {
    let host = name.strip_prefix("*.").unwrap_or(name);
    name.len() <= 253 && is_host_name(host) && !host.contains('_')
}

fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn has_proper_times(certificate: &Certificate) -> bool {
    let moments = [certificate.not_before(), certificate.not_after()];
    validity(certificate.der()).is_ok_and(|validity| {
        let times = [validity.not_before, validity.not_after];
        let proper = |(time, moment): (Time, OffsetDateTime)| {
            matches!(time, Time::UtcTime(_)) == (moment.year() < 2050)
        };
        times.into_iter().zip(moments).all(proper)
    })
}

/// The validity as it is encoded: in `tbsCertificate`, the field behind version, serialNumber,
/// signature and issuer (RFC 5280 section 4.1). Certificates of version 1 leave the version out.
fn validity(der: &[u8]) -> der::Result<Validity> {
    let certificate = AnyRef::from_der(der)?;
    let tbs = AnyRef::decode(&mut SliceReader::new(certificate.value())?)?;
    let mut fields = SliceReader::new(tbs.value())?;
    let before = if fields.peek_byte() == Some(VERSION_TAG) {
        4
    } else {
        3
    };
    for _ in 0..before {
        AnyRef::decode(&mut fields)?;
    }
    Validity::decode(&mut fields)
}

/// `[0] EXPLICIT`
const VERSION_TAG: u8 = 0xa0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dns_name_is_made_of_letters_digits_and_hyphens() {
        for (name, good) in [
            ("api.example.local", true),
            ("localhost", true),
            ("*.example.org", true),
            ("xn--bcher-kva.example", true),
            ("", false),
            ("*.", false),
            ("a.*.example", false),
            (".example.org", false),
            ("a..b", false),
            ("-a.example", false),
            ("a_b.example", false),
            ("127.0.0.1/8", false),
        ] {
            assert_eq!(is_dns_name(name), good, "{name}");
        }
    }
}
