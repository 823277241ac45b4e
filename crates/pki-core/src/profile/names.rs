//! Which names a profile certifies.

use serde::{Deserialize, Serialize};
use x509_identity::SubjectAltName;
use x509_identity::pattern::{DnsPattern, IpPattern, MailboxPattern, UriPattern};

use super::decision::Ruling;
use super::name_rule::NameRule;

/// The subject alternative names that a profile certifies, by kind. The default certifies none.
///
/// A directory name or any other kind of name is never certified. What the patterns mean is described in
/// [`x509_identity::pattern`].
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AllowedNames {
    /// dNSName. Whether a wildcard name is certified, too, is for [`wildcards`](Self::wildcards) to say.
    pub dns: NameRule<DnsPattern>,
    /// rfc822Name, and email addresses in the subject.
    pub email: NameRule<MailboxPattern>,
    /// iPAddress.
    pub ip: NameRule<IpPattern>,
    /// uniformResourceIdentifier.
    pub uri: NameRule<UriPattern>,
    /// dNSNames with a wildcard. None by default: `*.example.org` among the patterns is every host there, and not the
    /// certificate for all of them.
    pub wildcards: Wildcards,
}

/// Whether wildcard names are certified (RFC 9525 section 6.3). In TOML `"covered"` or `"none"`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wildcards {
    /// Those that stand for nothing but what one of the patterns covers.
    Covered,
    /// None of them.
    #[default]
    None,
}

impl AllowedNames {
    /// Every DNS name, with a wildcard too, and every IP address, email address and URI.
    #[must_use]
    pub fn any() -> Self {
        Self {
            dns: NameRule::Any,
            email: NameRule::Any,
            ip: NameRule::Any,
            uri: NameRule::Any,
            wildcards: Wildcards::Covered,
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
        self.ruling(name).allowed
    }

    /// The rule that decides about `name`.
    pub(super) fn ruling(&self, name: &SubjectAltName) -> Ruling<'_> {
        match name {
            SubjectAltName::Dns(name)
                if name.contains('*') && self.wildcards == Wildcards::None =>
            {
                Ruling::refused(|| "names.wildcards = \"none\"".to_owned())
            }
            SubjectAltName::Dns(name) => self.dns.ruling("names.dns", |it| it.covers(name)),
            SubjectAltName::Email(address) => {
                self.email.ruling("names.email", |it| it.matches(address))
            }
            SubjectAltName::Ip(address) => self.ip.ruling("names.ip", |it| it.matches(*address)),
            SubjectAltName::Uri(uri) => self.uri.ruling("names.uri", |it| it.matches(uri)),
            _ => Ruling::refused(|| "names, which has no rule for this kind of name".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_pattern_matches_what_it_says_and_no_more() {
        let names = AllowedNames {
            dns: NameRule::Only(vec!["*.example.org".parse().unwrap()]),
            email: NameRule::Only(vec!["@example.org".parse().unwrap()]),
            ip: NameRule::Only(vec!["10.0.0.0/8".parse().unwrap()]),
            uri: NameRule::Only(vec!["spiffe://example.org/*".parse().unwrap()]),
            wildcards: Wildcards::None,
        };
        let dns = |name: &str| SubjectAltName::Dns(name.to_owned());
        let email = |name: &str| SubjectAltName::Email(name.to_owned());
        let ip = |name: [u8; 4]| SubjectAltName::Ip(name.into());
        let uri = |name: &str| SubjectAltName::Uri(name.to_owned());
        for (name, allowed) in [
            (dns("api.example.org"), true),
            (dns("API.EXAMPLE.ORG"), true),
            (dns("*.example.org"), false),
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
            (uri("spiffe://example.org/a/b"), false),
            (uri("spiffe://example.org.evil/a"), false),
        ] {
            assert_eq!(names.allow(&name), allowed, "{name}");
        }
        assert!(!AllowedNames::none().allow(&dns("example.org")));
        assert!(AllowedNames::any().allow(&dns("example.org")));
    }

    #[test]
    fn a_leading_dot_stands_for_any_number_of_labels() {
        let names = AllowedNames {
            dns: NameRule::Only(vec![".example.org".parse().unwrap()]),
            ..AllowedNames::none()
        };
        for (name, allowed) in [
            ("a.example.org", true),
            ("a.b.example.org", true),
            ("example.org", false),
        ] {
            let name = SubjectAltName::Dns(name.to_owned());
            assert_eq!(names.allow(&name), allowed, "{name}");
        }
    }

    #[test]
    fn a_wildcard_is_certified_only_where_that_is_said_and_all_of_it_is_covered() {
        for (pattern, name, covered) in [
            ("*.example.org", "*.example.org", true),
            ("*.example.org", "*.EXAMPLE.org", true),
            ("*.example.org", "*.b.example.org", false),
            (".example.org", "*.b.example.org", true),
            ("api.example.org", "*.example.org", false),
            ("*.example.org", "*.org", false),
            ("*.example.org", "a*.example.org", false),
        ] {
            let dns = NameRule::Only(vec![pattern.parse().unwrap()]);
            let name = SubjectAltName::Dns(name.to_owned());
            for (wildcards, allowed) in [(Wildcards::Covered, covered), (Wildcards::None, false)] {
                let names = AllowedNames {
                    dns: dns.clone(),
                    wildcards,
                    ..AllowedNames::none()
                };
                assert_eq!(
                    names.allow(&name),
                    allowed,
                    "{pattern} {name} {wildcards:?}"
                );
            }
        }
        let any = |wildcards| AllowedNames {
            wildcards,
            ..AllowedNames::any()
        };
        let name = SubjectAltName::Dns("*.example.org".to_owned());
        assert!(any(Wildcards::Covered).allow(&name));
        assert!(!any(Wildcards::None).allow(&name));
    }

    #[test]
    fn wildcards_are_read_from_toml() {
        for (text, wildcards) in [
            ("", Some(Wildcards::None)),
            ("wildcards = \"none\"", Some(Wildcards::None)),
            ("wildcards = \"covered\"", Some(Wildcards::Covered)),
            ("wildcards = true", None),
            ("wildcards = \"all\"", None),
        ] {
            let read = toml::from_str::<AllowedNames>(text).ok();
            assert_eq!(read.map(|names| names.wildcards), wildcards, "{text}");
        }
    }
}
