//! Rules for alternative names, by kind.

use x509_identity::pattern::{Mailbox, NormalUri, ends_in_a_number, is_host_name};
use x509_identity::{Certificate, SpiffeId, SubjectAltName, SvidError};

use crate::lint::report::{Report, Severity};

pub(super) fn lint(certificate: &Certificate, report: &mut Report) {
    for name in certificate.sans() {
        match name {
            SubjectAltName::Dns(name) => dns(name, report),
            SubjectAltName::Email(address) => report.error(
                is_email(address),
                "email",
                "RFC 5280 4.2.1.6",
                format_args!("`{address}` is not an email address"),
            ),
            SubjectAltName::Uri(name) => uri(name, report),
            SubjectAltName::Unreadable { kind, .. } => report.error(
                false,
                "alternative-name",
                "RFC 5280 4.2.1.6",
                format_args!("an alternative name of the kind {kind} is empty or not ASCII"),
            ),
            _ => {}
        }
    }
    spiffe(certificate, report);
}

fn dns(name: &str, report: &mut Report) {
    let is_name = is_dns_name(name);
    report.error(
        is_name,
        "dns-name",
        "RFC 5280 4.2.1.6",
        format_args!("`{name}` is not a DNS name"),
    );
    report.error(
        !is_name || !ends_in_a_number(name),
        "dns-name-number",
        "RFC 1123 2.1",
        format_args!(
            "the DNS name `{name}` ends in a number, as only IP addresses do: those are names of the kind ip"
        ),
    );
    report.require(
        !name.contains('_'),
        Severity::Notice,
        "dns-name-underscore",
        "RFC 5280 4.2.1.6",
        format_args!("`{name}` has an underscore, which public CAs do not certify"),
    );
}

fn uri(name: &str, report: &mut Report) {
    let is_absolute = name
        .split_once(':')
        .is_some_and(|(scheme, rest)| is_scheme(scheme) && !rest.is_empty());
    report.error(
        is_absolute,
        "uri",
        "RFC 5280 4.2.1.6",
        format_args!("`{name}` is not an absolute URI"),
    );
    // What is no URI at all needs no second sentence.
    report.error(
        !is_absolute || name.bytes().all(is_uri_character) && NormalUri::parse(name).is_some(),
        "uri-ambiguous",
        "RFC 5280 4.2.1.6, RFC 3986 2 and 3",
        format_args!(
            "`{name}` is not a URI that everybody reads in the same way: it has a character that belongs encoded, user \
             information, `.` or `..` between slashes, or no host name where one belongs"
        ),
    );
}

/// Who looks for SPIFFE IDs accepts a certificate with one that is right, and with no other URI.
fn spiffe(certificate: &Certificate, report: &mut Report) {
    let is_spiffe = |name: &SubjectAltName| matches!(name, SubjectAltName::Uri(uri) if has_scheme(uri, "spiffe"));
    if certificate.is_ca() || !certificate.sans().iter().any(is_spiffe) {
        return;
    }
    let Err(error) = SpiffeId::from_certificate(certificate) else {
        return;
    };
    let sentence = match error {
        SvidError::Id(reason) => format!("the certificate's URI is not a SPIFFE ID: {reason}"),
        other => format!("a certificate with a SPIFFE ID is an X.509-SVID, and {other}"),
    };
    report.error(false, "spiffe-id", "X509-SVID 2 and 5.2", sentence);
}

/// A host name or `*.` and one (RFC 5280 section 4.2.1.6). Underscores, which the RFC does not have, are in use: services
/// of Docker Compose are named with them, and clients connect to such names.
fn is_dns_name(name: &str) -> bool {
    let host = name.strip_prefix("*.").unwrap_or(name);
    name.len() <= 253 && is_host_name(host)
}

/// Also for an address in a subject.
pub(super) fn is_email(address: &str) -> bool {
    Mailbox::parse(address).is_some_and(|mailbox| !ends_in_a_number(mailbox.host()))
}

fn has_scheme(uri: &str, wanted: &str) -> bool {
    uri.split_once(':')
        .is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case(wanted))
}

fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// RFC 3986 section 2: reserved, unreserved, or the beginning of an encoded one.
fn is_uri_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte)
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

    #[test]
    fn an_email_address_has_one_mailbox_at_a_host() {
        for (address, good) in [
            ("alice@example.org", true),
            ("a.b+c@example.org", true),
            ("\"a b\"@example.org", true),
            ("a b@example.org", false),
            ("a@b@example.org", false),
            ("A <a@example.org>", false),
            ("a@10.0.0.1", false),
            ("a@example.org.", false),
            ("@example.org", false),
        ] {
            assert_eq!(is_email(address), good, "{address}");
        }
    }
}
