//! Which names a profile never certifies.

use serde::{Deserialize, Serialize};
use x509_identity::pattern::{
    DnsPattern, DnsScope, IpPattern, Mailbox, MailboxPattern, NormalUri, UriPattern, is_host_name,
};
use x509_identity::{Attribute, SubjectAltName};

use super::decision::Ruling;
use super::name_rule::NameRule;
use super::subject::AllowedSubject;

/// Names that a profile never certifies, whatever [`AllowedNames`](super::AllowedNames) and
/// [`AllowedSubject`] allow. The default refuses none.
///
/// Each rule has the form of the rule that allows: `"any"`, `"none"` or a list of patterns. A wildcard name is refused
/// where it stands for a host that is refused. Where there is a list, a name that is not well-formed or can be read in more
/// than one way is refused as well, as it could be one of them.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RefusedNames {
    /// dNSName.
    pub dns: NameRule<DnsPattern>,
    /// rfc822Name, and email addresses in the subject.
    pub email: NameRule<MailboxPattern>,
    /// iPAddress.
    pub ip: NameRule<IpPattern>,
    /// Attributes of the subject, each with its own rule.
    pub subject: AllowedSubject,
    /// uniformResourceIdentifier.
    pub uri: NameRule<UriPattern>,
}

impl RefusedNames {
    /// Whether nothing is refused.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn ruling(&self, name: &SubjectAltName) -> Option<Ruling<'_>> {
        match name {
            SubjectAltName::Dns(name) => self
                .dns
                .refusal("refused.dns", |it| stands_for_any_of(name, it)),
            SubjectAltName::Email(address) => self.email.refusal("refused.email", |it| {
                it.matches(address) || Mailbox::parse(address).is_none()
            }),
            SubjectAltName::Ip(address) => self.ip.refusal("refused.ip", |it| it.matches(*address)),
            SubjectAltName::Uri(uri) => self.uri.refusal("refused.uri", |it| {
                it.matches(uri) || NormalUri::parse(uri).is_none()
            }),
            _ => None,
        }
    }

    pub(super) fn ruling_on_attribute<'a>(&'a self, attribute: &Attribute) -> Option<Ruling<'a>> {
        let ruling = self.subject.ruling("refused.subject", attribute);
        ruling.refusal()
    }
}

/// Whether a host that a dNSName stands for matches the pattern, or could.
fn stands_for_any_of(name: &str, pattern: &DnsPattern) -> bool {
    let Some(parent) = name.strip_prefix("*.") else {
        return pattern.matches(name) || !is_host_name(name);
    };
    let is_parent = |domain: &str| parent.eq_ignore_ascii_case(domain);
    !is_host_name(parent)
        || match pattern.scope() {
            DnsScope::Host => pattern
                .domain()
                .split_once('.')
                .is_some_and(|(_, above)| is_parent(above)),
            DnsScope::OneLabelBelow | DnsScope::Below => pattern.covers(name),
        }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_name_is_refused_where_it_is_or_could_be_one_that_matches() {
        let refused: RefusedNames = toml::from_str(
            "dns = [\"secret.example.org\", \".internal.example.org\"]\n\
             ip = [\"10.0.0.0/24\"]\n\
             email = [\"root@example.org\"]\n\
             uri = [\"spiffe://example.org/admin/**\"]\n",
        )
        .unwrap();
        let dns = |name: &str| SubjectAltName::Dns(name.to_owned());
        let email = |name: &str| SubjectAltName::Email(name.to_owned());
        let uri = |name: &str| SubjectAltName::Uri(name.to_owned());
        let ip = |octets: [u8; 4]| SubjectAltName::Ip(octets.into());
        for (name, is_refused) in [
            (dns("secret.example.org"), true),
            (dns("SECRET.example.org"), true),
            (dns("public.example.org"), false),
            (dns("*.example.org"), true),
            (dns("*.other.example"), false),
            (dns("a.internal.example.org"), true),
            (dns("*.internal.example.org"), true),
            (dns("*.a.internal.example.org"), true),
            (dns("internal.example.org"), false),
            (dns("not a host"), true),
            (dns("*.*.example.org"), true),
            (ip([10, 0, 0, 7]), true),
            (ip([10, 0, 1, 7]), false),
            (email("root@example.org"), true),
            (email("alice@example.org"), false),
            (email("root"), true),
            (uri("spiffe://example.org/admin/x"), true),
            (uri("spiffe://example.org/web"), false),
            (uri("spiffe://example.org/x/../admin/x"), true),
        ] {
            assert_eq!(refused.ruling(&name).is_some(), is_refused, "{name}");
            assert!(RefusedNames::default().ruling(&name).is_none(), "{name}");
        }
    }

    #[test]
    fn a_refused_rule_that_is_misspelt_is_not_read() {
        assert!(toml::from_str::<RefusedNames>("host = [\"a.example\"]").is_err());
        assert!(toml::from_str::<RefusedNames>("[subject]\nOUs = \"any\"").is_err());
        let refused: RefusedNames = toml::from_str("[subject]\nOU = [\"Ops\"]").unwrap();
        let written = toml::Value::try_from(&refused).unwrap();
        assert_eq!(RefusedNames::deserialize(written).unwrap(), refused);
        assert!(!refused.is_empty() && RefusedNames::default().is_empty());
    }
}
