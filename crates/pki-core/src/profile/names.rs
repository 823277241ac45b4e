//! Which names a profile certifies.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use x509_identity::SubjectAltName;

/// The subject alternative names that a profile certifies, by kind. The default certifies none.
///
/// A directory name or any other kind of name is never certified.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AllowedNames {
    /// dNSName: an exact name, `*.example.org` for one more label (and for the wildcard itself), or
    /// `.example.org` for any number of labels more.
    pub dns: NameRule,
    /// rfc822Name: an exact address, or `@example.org`.
    pub email: NameRule,
    /// iPAddress: an address or a network (`10.0.0.0/8`).
    pub ip: NameRule,
    /// uniformResourceIdentifier: exact, or a prefix that ends with `*`.
    pub uri: NameRule,
}

/// Which names of one kind are certified.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NameRule {
    /// All of them.
    Any,
    /// None of them.
    #[default]
    None,
    /// Those that match one of the patterns.
    #[serde(untagged)]
    Only(Vec<String>),
}

impl AllowedNames {
    /// Every DNS name, IP address, email address and URI.
    #[must_use]
    pub fn any() -> Self {
        let any = || NameRule::Any;
        Self {
            dns: any(),
            email: any(),
            ip: any(),
            uri: any(),
        }
    }

    /// No alternative names at all.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether `name` may be certified.
    #[must_use]
    pub fn allow(&self, name: &SubjectAltName) -> bool {
        match name {
            SubjectAltName::Dns(name) => self.dns.allows(|pattern| matches_dns(pattern, name)),
            SubjectAltName::Email(name) => {
                self.email.allows(|pattern| matches_email(pattern, name))
            }
            SubjectAltName::Ip(address) => self.ip.allows(|pattern| matches_ip(pattern, *address)),
            SubjectAltName::Uri(name) => self.uri.allows(|pattern| matches_uri(pattern, name)),
            _ => false,
        }
    }
}

impl NameRule {
    fn allows(&self, matches: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Any => true,
            Self::None => false,
            Self::Only(patterns) => patterns.iter().any(|pattern| matches(pattern)),
        }
    }
}

fn matches_dns(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_ascii_lowercase(), name.to_ascii_lowercase());
    if let Some(parent) = pattern.strip_prefix("*.") {
        return name
            .split_once('.')
            .is_some_and(|(label, rest)| !label.is_empty() && rest == parent);
    }
    if pattern.starts_with('.') {
        return name
            .strip_suffix(&pattern)
            .is_some_and(|labels| !labels.is_empty());
    }
    name == pattern
}

fn matches_email(pattern: &str, address: &str) -> bool {
    let Some((local, domain)) = address.rsplit_once('@') else {
        return false;
    };
    match pattern.rsplit_once('@') {
        Some(("", wanted)) => !local.is_empty() && domain.eq_ignore_ascii_case(wanted),
        // RFC 5280 section 7.5: the local part is compared exactly, the domain without case.
        Some((wanted, wanted_domain)) => {
            local == wanted && domain.eq_ignore_ascii_case(wanted_domain)
        }
        None => false,
    }
}

fn matches_ip(pattern: &str, address: IpAddr) -> bool {
    match pattern.parse::<IpNet>() {
        Ok(network) => network.contains(&address),
        Err(_) => pattern.parse() == Ok(address),
    }
}

fn matches_uri(pattern: &str, uri: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => uri.starts_with(prefix) && uri.len() > prefix.len(),
        None => uri == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_what_it_says_and_no_more() {
        let only = |pattern: &str| NameRule::Only(vec![pattern.to_owned()]);
        let names = |dns: &str, email: &str, ip: &str, uri: &str| AllowedNames {
            dns: only(dns),
            email: only(email),
            ip: only(ip),
            uri: only(uri),
        };
        let rules = names(
            "*.example.org",
            "@example.org",
            "10.0.0.0/8",
            "spiffe://example.org/*",
        );
        let dns = |name: &str| SubjectAltName::Dns(name.to_owned());
        let email = |name: &str| SubjectAltName::Email(name.to_owned());
        let ip = |name: [u8; 4]| SubjectAltName::Ip(name.into());
        let uri = |name: &str| SubjectAltName::Uri(name.to_owned());
        for (name, allowed) in [
            (dns("api.example.org"), true),
            (dns("API.EXAMPLE.ORG"), true),
            (dns("*.example.org"), true),
            (dns("example.org"), false),
            (dns("a.b.example.org"), false),
            (dns("apiexample.org"), false),
            (dns(".example.org"), false),
            (email("a@example.org"), true),
            (email("a@EXAMPLE.org"), true),
            (email("@example.org"), false),
            (email("a@example.org.evil"), false),
            (ip([10, 1, 2, 3]), true),
            (ip([11, 1, 2, 3]), false),
            (uri("spiffe://example.org/a"), true),
            (uri("spiffe://example.org/"), false),
            (uri("spiffe://example.org.evil/a"), false),
        ] {
            assert_eq!(rules.allow(&name), allowed, "{name}");
        }
        assert!(!AllowedNames::none().allow(&dns("example.org")));
        assert!(AllowedNames::any().allow(&dns("example.org")));
    }

    #[test]
    fn a_leading_dot_stands_for_any_number_of_labels() {
        for (name, allowed) in [
            ("a.example.org", true),
            ("a.b.example.org", true),
            ("example.org", false),
        ] {
            assert_eq!(matches_dns(".example.org", name), allowed, "{name}");
        }
    }
}
