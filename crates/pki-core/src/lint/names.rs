//! Rules for subjects and alternative names.

use const_oid::db::rfc4519::COUNTRY_NAME;
use const_oid::db::rfc5280::ID_CE_SUBJECT_ALT_NAME;
use x509_identity::pattern::is_host_name;
use x509_identity::{Attribute, AttributeValue, Certificate, StringType, SubjectAltName};

use super::report::{Report, Severity, criticality};

pub(super) fn lint(certificate: &Certificate, report: &mut Report) {
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
            format_args!("`{country}` is not a PrintableString of two letters"),
        );
    }
    lengths(certificate, report);
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
    for name in certificate.sans() {
        match name {
            SubjectAltName::Dns(name) => {
                let rule = "dns-name";
                report.error(
                    is_dns_name(name),
                    rule,
                    "RFC 5280 4.2.1.6",
                    format_args!("`{name}` is not a DNS name"),
                );
                report.require(
                    !name.contains('_'),
                    Severity::Notice,
                    "dns-name-underscore",
                    "RFC 5280 4.2.1.6",
                    format_args!("`{name}` has an underscore, which public CAs do not certify"),
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
                    format_args!("`{name}` is not an email address"),
                );
            }
            SubjectAltName::Uri(name) => {
                let good = name
                    .split_once(':')
                    .is_some_and(|(scheme, rest)| is_scheme(scheme) && !rest.is_empty());
                report.error(
                    good,
                    "uri",
                    "RFC 5280 4.2.1.6",
                    format_args!("`{name}` is not an absolute URI"),
                );
            }
            SubjectAltName::Unreadable { kind, .. } => report.error(
                false,
                "alternative-name",
                "RFC 5280 4.2.1.6",
                format_args!("an alternative name of the kind {kind} is empty or not ASCII"),
            ),
            _ => {}
        }
    }
    let old_types = [StringType::Teletex, StringType::Bmp, StringType::Universal];
    let is_old = |attribute: &Attribute| matches!(attribute.value(), AttributeValue::Text { string_type, .. } if old_types.contains(string_type));
    report.warning(
        !certificate.subject().attributes().any(is_old),
        "string-kind",
        "RFC 5280 4.1.2.4",
        "the subject has a TeletexString, BMPString or UniversalString, which new certificates must not have",
    );
    let subject = certificate.subject().attributes();
    for attribute in subject.filter(|attribute| !attribute.value().is_well_typed()) {
        report.error(
            false,
            "string-type",
            "RFC 5280 4.1.2.4",
            format_args!("`{attribute}` has characters for which its string type has no place"),
        );
    }
}

/// The bounds of RFC 5280 appendix A.1, in characters; and nothing that would break a line of a log.
fn lengths(certificate: &Certificate, report: &mut Report) {
    for attribute in certificate.subject().attributes() {
        let (Some(kind), Some(text)) = (attribute.short_name(), attribute.text()) else {
            continue;
        };
        let most = match kind {
            "CN" | "O" | "OU" | "serialNumber" | "title" => 64,
            "L" | "ST" | "dnQualifier" => 128,
            "emailAddress" => 255,
            // No bound there; no reader of ours needs more.
            _ => 256,
        };
        report.error(
            !text.is_empty() && !text.chars().any(char::is_control),
            "subject-text",
            "RFC 5280 A.1",
            format_args!("{kind} in the subject is empty or contains a control character"),
        );
        report.error(
            text.chars().nth(most).is_none(),
            "subject-length",
            "RFC 5280 A.1",
            format_args!("{kind} in the subject is longer than {most} characters"),
        );
    }
}

/// A host name or `*.` and one (RFC 5280 section 4.2.1.6). Underscores, which the RFC does not have, are in use: services
/// of Docker Compose are named with them, and clients connect to such names.
fn is_dns_name(name: &str) -> bool {
    let host = name.strip_prefix("*.").unwrap_or(name);
    name.len() <= 253 && is_host_name(host)
}

fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dns_name_is_made_of_letters_digits_hyphens_and_underscores() {
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
            ("a_b.example", true),
            ("a b.example", false),
            ("127.0.0.1/8", false),
        ] {
            assert_eq!(is_dns_name(name), good, "{name}");
        }
    }
}
