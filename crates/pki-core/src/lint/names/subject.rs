//! Rules for subjects.

use const_oid::db::rfc4519::COUNTRY_NAME;
use x509_identity::{Attribute, AttributeValue, Certificate, StringType, SubjectAltName};

use super::alternative::is_email;
use crate::lint::report::{Report, Severity};

pub(super) fn lint(certificate: &Certificate, report: &mut Report) {
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
    texts(certificate, report);
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

/// The bounds of RFC 5280 appendix A.1, in characters; nothing that would break a line of a log, and nothing by which a name
/// looks like another one.
fn texts(certificate: &Certificate, report: &mut Report) {
    // The name of a CA stays as it is when the CA is renewed: what is wrong with it cannot be mended.
    let severity = match certificate.is_ca() {
        true => Severity::Warning,
        false => Severity::Error,
    };
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
        if let Some(hidden) = text.chars().find(|character| is_hidden(*character)) {
            report.require(
                false,
                severity,
                "subject-hidden-character",
                "RFC 4518 2.2",
                format_args!(
                    "{kind} in the subject has the character U+{:04X}, which nobody sees: the name looks like another one",
                    u32::from(hidden)
                ),
            );
        }
        report.require(
            text.trim() == text,
            severity,
            "subject-space",
            "RFC 4518 2.6.1",
            format_args!(
                "{kind} in the subject begins or ends with a space: some readers take it for the name without"
            ),
        );
        if matches!(kind, "emailAddress" | "mail") {
            email(text, severity, certificate, report);
        }
    }
}

fn email(address: &str, severity: Severity, certificate: &Certificate, report: &mut Report) {
    report.require(
        is_email(address),
        severity,
        "subject-email",
        "RFC 5280 4.1.2.6",
        format_args!("`{address}` in the subject is not an email address"),
    );
    // A CA is nobody to whom mail is encrypted.
    let is_there =
        |name: &SubjectAltName| matches!(name, SubjectAltName::Email(it) if it == address);
    report.error(
        certificate.is_ca() || certificate.sans().iter().any(is_there),
        "subject-email-alone",
        "RFC 5280 4.1.2.6",
        format_args!(
            "the email address `{address}` in the subject is not among the alternative names, where it belongs"
        ),
    );
}

/// What is left out before names are compared, and what changes the direction of what stands beside it (UAX #9).
fn is_hidden(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{115f}'..='\u{1160}'
            | '\u{1806}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffc}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_that_nobody_sees_is_hidden() {
        for (character, hidden) in [
            ('a', false),
            ('é', false),
            ('日', false),
            ('\u{5d0}', false),
            ('\u{301}', false),
            ('🔒', false),
            (' ', false),
            ('\u{200b}', true),
            ('\u{200d}', true),
            ('\u{202e}', true),
            ('\u{2066}', true),
            ('\u{feff}', true),
            ('\u{ad}', true),
            ('\u{3164}', true),
            ('\u{e0041}', true),
        ] {
            assert_eq!(is_hidden(character), hidden, "{character:?}");
        }
    }
}
