//! What a subject may say.

use const_oid::db::rfc4519::COMMON_NAME;
use x509_identity::{Certificate, DistinguishedName, SubjectAltName};

use crate::Profile;

/// RFC 9525: a server is its alternative names; a CN, for readers, repeats one of them.
pub(super) fn judge_server_names(
    certificate: &Certificate,
    refuse: &mut impl FnMut(&'static str, String),
) {
    // All of them: readers differ in which one they take.
    for name in certificate.subject().texts(COMMON_NAME) {
        let repeats = certificate.sans().iter().any(|san| match san {
            SubjectAltName::Dns(dns) => dns.eq_ignore_ascii_case(name),
            SubjectAltName::Ip(address) => name.parse() == Ok(*address),
            _ => false,
        });
        if !repeats {
            refuse(
                "common-name",
                format!("the common name `{name}` is not among the alternative names"),
            );
        }
    }
}

/// The subject is what the profile allows, within bounds: what RFC 5280 A.1 has room for, on one line, in attributes that
/// have a name. An email address in it is a name like any other.
pub(super) fn judge_subject(
    subject: &DistinguishedName,
    profile: &Profile,
    refuse: &mut impl FnMut(&'static str, String),
) {
    for attribute in subject.attributes() {
        let kind = attribute.short_name();
        let (Some(kind), Some(text)) = (kind, attribute.text()) else {
            refuse(
                "subject-attribute",
                format!("`{attribute}` in the subject is not certified"),
            );
            continue;
        };
        let ruling = profile.ruling_on_attribute(attribute);
        if !ruling.allowed {
            let is_email = matches!(kind, "emailAddress" | "mail");
            refuse(
                if is_email { "name" } else { "subject" },
                format!(
                    "`{attribute}` in the subject is not allowed by the profile ({})",
                    ruling.rule
                ),
            );
        }
        if text.is_empty() || text.chars().any(char::is_control) {
            refuse(
                "subject-text",
                format!("{kind} in the subject is empty or contains a control character"),
            );
        }
        // ub-common-name and its like are 64; the longer ones are for postal addresses.
        let most = if matches!(kind, "CN" | "O" | "OU") {
            64
        } else {
            256
        };
        if text.chars().nth(most).is_some() {
            refuse(
                "subject-length",
                format!("{kind} in the subject is longer than {most} characters"),
            );
        }
    }
}
