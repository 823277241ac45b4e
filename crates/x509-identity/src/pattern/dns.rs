//! Patterns for DNS names.

use std::fmt;
use std::str::FromStr;

use super::error::PatternError;
use super::host_name::{is_below, is_host_name};

/// A host name (`api.example.org`), those one label below it (`*.example.org`), or all below it
/// (`.example.org`). Compared without regard to case.
///
/// A wildcard stands for one whole label and nothing else, as in RFC 9525 section 6.3: `a*.example.org` and
/// `*.*.example.org` are not patterns.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct DnsPattern {
    scope: DnsScope,
    /// In lower case.
    domain: Box<str>,
}

/// Which names a [`DnsPattern`] matches, relative to its [domain](DnsPattern::domain).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum DnsScope {
    /// The domain itself.
    Host,
    /// Names with exactly one label in front of the domain: `*.example.org`.
    OneLabelBelow,
    /// Names with one or more labels in front of the domain: `.example.org`.
    Below,
}

impl DnsPattern {
    /// Which names match.
    pub fn scope(&self) -> DnsScope {
        self.scope
    }

    /// The host name in the pattern, in lower case: `example.org` in `*.example.org`.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Whether `host` matches. What is not a host name (see [`is_host_name`]) never does.
    pub fn matches(&self, host: &str) -> bool {
        is_host_name(host)
            && match self.scope {
                DnsScope::Host => host.eq_ignore_ascii_case(&self.domain),
                DnsScope::OneLabelBelow => host
                    .split_once('.')
                    .is_some_and(|(_, parent)| parent.eq_ignore_ascii_case(&self.domain)),
                DnsScope::Below => is_below(host, &self.domain),
            }
    }

    /// Whether this pattern matches every host that a dNSName stands for. A wildcard in a
    /// certificate stands for all hosts one label below a name. So `*.example.org` is covered by
    /// itself and by `.example.org`.
    pub fn covers(&self, dns_name: &str) -> bool {
        let Some(parent) = dns_name.strip_prefix("*.") else {
            return self.matches(dns_name);
        };
        is_host_name(parent)
            && match self.scope {
                DnsScope::Host => false,
                DnsScope::OneLabelBelow => parent.eq_ignore_ascii_case(&self.domain),
                DnsScope::Below => {
                    parent.eq_ignore_ascii_case(&self.domain) || is_below(parent, &self.domain)
                }
            }
    }
}

impl FromStr for DnsPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scope, domain) = match text.strip_prefix("*.") {
            Some(domain) => (DnsScope::OneLabelBelow, domain),
            None => match text.strip_prefix('.') {
                Some(domain) => (DnsScope::Below, domain),
                None => (DnsScope::Host, text),
            },
        };
        if !is_host_name(domain) {
            return Err(PatternError::Dns);
        }
        Ok(Self {
            scope,
            domain: domain.to_ascii_lowercase().into(),
        })
    }
}

impl fmt::Display for DnsPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = match self.scope {
            DnsScope::Host => "",
            DnsScope::OneLabelBelow => "*.",
            DnsScope::Below => ".",
        };
        write!(f, "{prefix}{}", self.domain)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_wildcard_is_one_label_and_a_leading_dot_is_any_number() {
        for (pattern, host, matches) in [
            ("example.org", "example.org", true),
            ("Example.ORG", "eXample.org", true),
            ("example.org", "a.example.org", false),
            ("example.org", "example.org.", false),
            ("*.example.org", "a.example.org", true),
            ("*.example.org", "A.EXAMPLE.ORG", true),
            ("*.example.org", "example.org", false),
            ("*.example.org", "a.b.example.org", false),
            ("*.example.org", "aexample.org", false),
            ("*.example.org", ".example.org", false),
            ("*.example.org", "-a.example.org", false),
            ("*.example.org", "*.example.org", false),
            (".example.org", "a.example.org", true),
            (".example.org", "a.b.example.org", true),
            (".example.org", "example.org", false),
            (".example.org", "badexample.org", false),
            (".example.org", "a..example.org", false),
            (".example.org", "a.example.com", false),
            (".example.org", "a.example.org.evil", false),
        ] {
            let read: DnsPattern = pattern.parse().unwrap();
            assert_eq!(read.matches(host), matches, "{pattern} {host}");
        }
    }

    #[test]
    fn a_wildcard_name_is_covered_where_all_that_it_stands_for_is() {
        for (pattern, name, covers) in [
            ("*.example.org", "*.example.org", true),
            ("*.example.org", "*.EXAMPLE.org", true),
            ("*.example.org", "a.example.org", true),
            ("*.example.org", "*.a.example.org", false),
            (".example.org", "*.example.org", true),
            (".example.org", "*.a.example.org", true),
            (".example.org", "*.org", false),
            (".example.org", "*.*.example.org", false),
            ("a.example.org", "*.example.org", false),
            ("example.org", "*.example.org", false),
        ] {
            let read: DnsPattern = pattern.parse().unwrap();
            assert_eq!(read.covers(name), covers, "{pattern} {name}");
        }
    }

    #[test]
    fn a_pattern_is_a_host_name_with_at_most_one_prefix() {
        for (text, printed) in [
            ("localhost", "localhost"),
            ("*.Example", "*.example"),
            (".A.b", ".a.b"),
        ] {
            let read: DnsPattern = text.parse().unwrap();
            assert_eq!(read.to_string(), printed);
        }
        for text in [
            "", ".", "*", "*.", "..a", "*..a", ".*.a", "*.*.a", "a.*.b", "a*.b", "a.", "-a.b",
            "a b", "ü.b",
        ] {
            assert_eq!(text.parse::<DnsPattern>(), Err(PatternError::Dns), "{text}");
        }
    }
}
