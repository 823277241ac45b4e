//! The short names of attribute types: RFC 4514's nine, then those that OpenSSL prints.

use const_oid::ObjectIdentifier;

use super::string_type::StringType;

/// The name to print for `oid`.
pub(super) fn short_name(oid: &ObjectIdentifier) -> Option<&'static str> {
    TYPES
        .iter()
        .find(|known| known.oid == *oid)
        .map(|known| known.short)
}

/// The type that `name` is a short or long name of, in any case.
pub(super) fn by_name(name: &str) -> Option<ObjectIdentifier> {
    TYPES
        .iter()
        .find(|known| {
            name.eq_ignore_ascii_case(known.short) || name.eq_ignore_ascii_case(known.long)
        })
        .map(|known| known.oid)
}

/// The string type that RFC 5280 A.1 asks for if it can hold the text, or else UTF8String.
pub(super) fn proper_string(oid: &ObjectIdentifier, text: &str) -> StringType {
    let known = TYPES.iter().find(|known| known.oid == *oid);
    match known.map(|known| known.string) {
        Some(preferred) if preferred.holds(text) => preferred,
        _ => StringType::Utf8,
    }
}

struct Known {
    oid: ObjectIdentifier,
    short: &'static str,
    long: &'static str,
    string: StringType,
}

const fn known(oid: &str, short: &'static str, long: &'static str, string: StringType) -> Known {
    Known {
        oid: ObjectIdentifier::new_unwrap(oid),
        short,
        long,
        string,
    }
}

const TYPES: &[Known] = &[
    known("2.5.4.3", "CN", "commonName", StringType::Utf8),
    known("2.5.4.10", "O", "organizationName", StringType::Utf8),
    known("2.5.4.11", "OU", "organizationalUnitName", StringType::Utf8),
    known("2.5.4.6", "C", "countryName", StringType::Printable),
    known("2.5.4.8", "ST", "stateOrProvinceName", StringType::Utf8),
    known("2.5.4.7", "L", "localityName", StringType::Utf8),
    known("2.5.4.9", "STREET", "streetAddress", StringType::Utf8),
    known(
        "0.9.2342.19200300.100.1.25",
        "DC",
        "domainComponent",
        StringType::Ia5,
    ),
    known(
        "0.9.2342.19200300.100.1.1",
        "UID",
        "userId",
        StringType::Utf8,
    ),
    known(
        "1.2.840.113549.1.9.1",
        "emailAddress",
        "email",
        StringType::Ia5,
    ),
    known(
        "2.5.4.5",
        "serialNumber",
        "serialNumber",
        StringType::Printable,
    ),
    known("2.5.4.4", "SN", "surname", StringType::Utf8),
    known("2.5.4.42", "GN", "givenName", StringType::Utf8),
    known("2.5.4.43", "initials", "initials", StringType::Utf8),
    known(
        "2.5.4.44",
        "generationQualifier",
        "generation",
        StringType::Utf8,
    ),
    known("2.5.4.12", "title", "title", StringType::Utf8),
    known("2.5.4.13", "description", "description", StringType::Utf8),
    known(
        "2.5.4.15",
        "businessCategory",
        "businessCategory",
        StringType::Utf8,
    ),
    known("2.5.4.17", "postalCode", "postalCode", StringType::Utf8),
    known(
        "2.5.4.18",
        "postOfficeBox",
        "postOfficeBox",
        StringType::Utf8,
    ),
    known(
        "2.5.4.20",
        "telephoneNumber",
        "telephoneNumber",
        StringType::Printable,
    ),
    known("2.5.4.41", "name", "name", StringType::Utf8),
    known(
        "2.5.4.46",
        "dnQualifier",
        "dnQualifier",
        StringType::Printable,
    ),
    known("2.5.4.65", "pseudonym", "pseudonym", StringType::Utf8),
    known(
        "2.5.4.97",
        "organizationIdentifier",
        "organizationIdentifier",
        StringType::Utf8,
    ),
    known(
        "0.9.2342.19200300.100.1.3",
        "mail",
        "rfc822Mailbox",
        StringType::Ia5,
    ),
    known(
        "1.2.840.113549.1.9.2",
        "unstructuredName",
        "unstructuredName",
        StringType::Utf8,
    ),
    known(
        "1.2.840.113549.1.9.8",
        "unstructuredAddress",
        "unstructuredAddress",
        StringType::Utf8,
    ),
    known(
        "1.3.6.1.4.1.311.60.2.1.1",
        "jurisdictionL",
        "jurisdictionLocalityName",
        StringType::Utf8,
    ),
    known(
        "1.3.6.1.4.1.311.60.2.1.2",
        "jurisdictionST",
        "jurisdictionStateOrProvinceName",
        StringType::Utf8,
    ),
    known(
        "1.3.6.1.4.1.311.60.2.1.3",
        "jurisdictionC",
        "jurisdictionCountryName",
        StringType::Printable,
    ),
];
