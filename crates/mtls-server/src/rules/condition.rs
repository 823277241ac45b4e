//! Single conditions on a certificate.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

use const_oid::db::rfc4519;
use x509_identity::{
    DistinguishedName, ObjectIdentifier, SerialNumber, SubjectAltName, SvidError,
    pattern::{
        DnsPattern, IpPattern, Mailbox, MailboxPattern, NormalUri, SpiffePattern, UriPattern,
        is_host_name,
    },
};

use super::{finding::Finding, policy};
use crate::{observe::text::Hex, peer::client_cert::ClientCert};

pub(super) enum Condition {
    CommonName(String),
    Custom(Box<Predicate>),
    DnExact(DistinguishedName),
    Dns(DnsPattern),
    Eku(ObjectIdentifier),
    Email(MailboxPattern),
    Fingerprint([u8; 32]),
    Ip(IpPattern),
    OrganizationalUnit(String),
    PolicyOid(ObjectIdentifier),
    Serial(DistinguishedName, SerialNumber),
    Spiffe(SpiffePattern),
    Spki([u8; 32]),
    UriGlob(UriPattern),
}

pub(super) type Predicate = dyn Fn(&ClientCert) -> bool + Send + Sync;

impl Condition {
    pub(super) fn test(&self, client: &ClientCert) -> Finding {
        let subject = client.subject();
        let sans = client.sans();
        match self {
            Self::CommonName(wanted) => common_name(subject, wanted),
            Self::Custom(predicate) => custom(predicate, client),
            Self::DnExact(wanted) => Finding::when(!wanted.is_empty() && subject == wanted),
            Self::Dns(pattern) => dns(sans, pattern),
            Self::Eku(wanted) => Finding::when(client.eku().contains(wanted)),
            Self::Email(pattern) => email(sans, pattern),
            Self::Fingerprint(wanted) => Finding::when(client.fingerprint_sha256() == wanted),
            Self::Ip(network) => Finding::when(sans.iter().any(
                |san| matches!(san, SubjectAltName::Ip(address) if network.matches(*address)),
            )),
            Self::OrganizationalUnit(wanted) => {
                Finding::when(subject.organizational_units().any(|unit| unit == wanted)).or_unclear(
                    subject.attributes().any(|attribute| {
                        attribute.oid() == rfc4519::ORGANIZATIONAL_UNIT_NAME
                            && attribute.text().is_none()
                    }),
                    "organizational-unit-not-text",
                )
            }
            Self::PolicyOid(wanted) => policy::asserted(client.chain(), *wanted),
            Self::Serial(issuer, number) => {
                Finding::when(client.serial() == number && client.issuer() == issuer)
            }
            Self::Spiffe(pattern) => spiffe_id(client, pattern),
            Self::Spki(wanted) => Finding::when(client.spki_sha256() == wanted),
            Self::UriGlob(pattern) => uri(sans, pattern),
        }
    }
}

/// If the code of the application panics, the client is denied, and other clients are not affected.
fn custom(predicate: &Predicate, client: &ClientCert) -> Finding {
    // Nothing of this crate is left inconsistent then. What the predicate shares is its own business.
    let answer = catch_unwind(AssertUnwindSafe(|| predicate(client)));
    answer.map_or(Finding::Unclear("custom-panicked"), Finding::when)
}

fn common_name(subject: &DistinguishedName, wanted: &str) -> Finding {
    let mut names = subject
        .attributes()
        .filter(|attribute| attribute.oid() == rfc4519::COMMON_NAME);
    match (names.next(), names.next()) {
        (None, _) => Finding::Mismatch,
        (Some(_), Some(_)) => Finding::Unclear("several-common-names"),
        (Some(only), None) => match only.text() {
            Some(text) => Finding::when(text == wanted),
            None => Finding::Unclear("common-name-not-text"),
        },
    }
}

fn dns(sans: &[SubjectAltName], pattern: &DnsPattern) -> Finding {
    let mut odd = false;
    for san in sans {
        let SubjectAltName::Dns(name) = san else {
            continue;
        };
        if !is_host_name(name) {
            odd = true;
        } else if pattern.matches(name) {
            return Finding::Match;
        }
    }
    Finding::Mismatch
        .or_unclear(odd, "dns-name-of-no-one-host")
        .or_unclear(is_unreadable(sans, "dns"), "dns-name-unreadable")
}

fn email(sans: &[SubjectAltName], pattern: &MailboxPattern) -> Finding {
    let mut odd = false;
    for san in sans {
        let SubjectAltName::Email(address) = san else {
            continue;
        };
        match Mailbox::parse(address) {
            None => odd = true,
            Some(mailbox) if pattern.matches_mailbox(mailbox) => return Finding::Match,
            Some(_) => {}
        }
    }
    Finding::Mismatch
        .or_unclear(odd, "email-ambiguous")
        .or_unclear(is_unreadable(sans, "email"), "email-unreadable")
}

fn uri(sans: &[SubjectAltName], pattern: &UriPattern) -> Finding {
    let mut odd = false;
    for san in sans {
        let SubjectAltName::Uri(uri) = san else {
            continue;
        };
        match NormalUri::parse(uri) {
            None => odd = true,
            Some(uri) if pattern.matches_normal(&uri) => return Finding::Match,
            Some(_) => {}
        }
    }
    Finding::Mismatch
        .or_unclear(odd, "uri-ambiguous")
        .or_unclear(is_unreadable(sans, "uri"), "uri-unreadable")
}

/// Whether there is a name of the kind that nobody can read, and that could be any.
fn is_unreadable(sans: &[SubjectAltName], kind: &str) -> bool {
    let unreadable = |san: &SubjectAltName| matches!(san, SubjectAltName::Unreadable { .. });
    sans.iter().any(|san| unreadable(san) && san.kind() == kind)
}

fn spiffe_id(client: &ClientCert, pattern: &SpiffePattern) -> Finding {
    match pattern.matches_svid(client.certificate()) {
        Ok(matches) => Finding::when(matches),
        Err(SvidError::NoUri) => Finding::Mismatch,
        Err(_) => Finding::Unclear("no-spiffe-svid"),
    }
}

/// SHA-256 in hexadecimal, with or without colons.
pub(super) fn sha256(hex: &str) -> Result<[u8; 32], &'static str> {
    let digits: Vec<u8> = hex.bytes().filter(|byte| *byte != b':').collect();
    let octets = base16ct::mixed::decode_vec(digits).ok();
    octets
        .and_then(|octets| octets.try_into().ok())
        .ok_or("it must be a SHA-256 in hexadecimal: 64 digits, with or without colons")
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommonName(name) => write!(f, "common_name({name:?})"),
            Self::Custom(_) => write!(f, "custom"),
            Self::DnExact(name) => write!(f, "dn_exact({name})"),
            Self::Dns(pattern) => write!(f, "dns({pattern})"),
            Self::Eku(oid) => write!(f, "eku({oid})"),
            Self::Email(address) => write!(f, "email({address})"),
            Self::Fingerprint(hash) => write!(f, "fingerprint({})", Hex(hash)),
            Self::Ip(network) => write!(f, "ip({network})"),
            Self::OrganizationalUnit(unit) => write!(f, "organizational_unit({unit:?})"),
            Self::PolicyOid(oid) => write!(f, "policy_oid({oid})"),
            Self::Serial(issuer, number) => write!(f, "serial({number} of {issuer})"),
            Self::Spiffe(pattern) => write!(f, "spiffe({pattern})"),
            Self::Spki(hash) => write!(f, "spki({})", Hex(hash)),
            Self::UriGlob(pattern) => write!(f, "uri_glob({pattern})"),
        }
    }
}
