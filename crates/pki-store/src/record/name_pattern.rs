//! Certificates by a name.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use x509_identity::pattern::{
    DnsPattern, DnsScope, IpPattern, MailboxPattern, NormalUri, PatternError, UriPattern,
};
use x509_identity::{Certificate, SubjectAltName};

use super::certificate::RecordedName;
use super::name_key::{self, NameRange};

/// A pattern over the names of certificates, in the syntax of [`x509_identity::pattern`].
///
/// The text says of which kind it is: `spiffe://example.org/*` and other text with `://` is for URIs, `alice@example.org`
/// and `@example.org` for mailboxes, an address or a network for IP addresses, and what else can be a pattern for host
/// names is one: `api.example.org`, `*.example.org`, `.example.org`. It is compared with alternative names and, if it is
/// for host names, with the common name.
///
/// `cn:` in front, and whatever is none of these patterns, means the common name, in full and without regard to case.
/// `dns:`, `email:`, `ip:` or `uri:` in front says which pattern it is, as for an alternative name that is issued.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum NamePattern {
    /// The common name.
    CommonName(String),
    /// Host names.
    Dns(DnsPattern),
    /// IP addresses.
    Ip(IpPattern),
    /// Mailboxes.
    Mailbox(MailboxPattern),
    /// URIs.
    Uri(UriPattern),
}

/// A text that is not a pattern.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is not a pattern over names")]
pub struct NamePatternError {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    #[source]
    pub source: Option<PatternError>,
}

impl NamePattern {
    /// Whether it stands for this common name: a pattern for host names, or the common name itself.
    #[must_use]
    pub fn allows_common_name(&self, name: &str) -> bool {
        match self {
            Self::CommonName(allowed) => allowed == name,
            Self::Dns(pattern) => pattern.matches(name),
            Self::Ip(_) | Self::Mailbox(_) | Self::Uri(_) => false,
        }
    }

    /// Whether it stands for this alternative name. A name with a wildcard is many names, and none of them.
    #[must_use]
    pub fn allows(&self, name: &SubjectAltName) -> bool {
        match (self, name) {
            (Self::Dns(pattern), SubjectAltName::Dns(name)) => pattern.matches(name),
            (Self::Ip(pattern), SubjectAltName::Ip(address)) => pattern.matches(*address),
            (Self::Mailbox(pattern), SubjectAltName::Email(address)) => pattern.matches(address),
            (Self::Uri(pattern), SubjectAltName::Uri(uri)) => pattern.matches(uri),
            _ => false,
        }
    }

    /// The one name that it stands for; `None` for a pattern of several, and for a common name.
    #[must_use]
    pub fn only_name(&self) -> Option<SubjectAltName> {
        match self {
            Self::CommonName(_) => None,
            Self::Dns(pattern) => (pattern.scope() == DnsScope::Host)
                .then(|| SubjectAltName::Dns(pattern.domain().to_owned())),
            Self::Ip(pattern) => {
                let network = pattern.network();
                (network.network() == network.broadcast())
                    .then(|| SubjectAltName::Ip(network.network()))
            }
            Self::Mailbox(pattern) => pattern
                .local_part()
                .map(|local| SubjectAltName::Email(format!("{local}@{}", pattern.host()))),
            Self::Uri(pattern) => {
                let text = pattern.as_str();
                (!text.contains('*')).then(|| SubjectAltName::Uri(text.to_owned()))
            }
        }
    }

    /// Patterns as they are stored, a list of texts in JSON; `None` if it is none.
    pub(crate) fn listed(text: &str) -> Option<Vec<Self>> {
        let patterns: Vec<String> = serde_json::from_str(text).ok()?;
        let patterns = patterns.iter().map(|text| text.parse().ok());
        patterns.collect()
    }

    /// Whether a certificate with these names is meant.
    pub(crate) fn matches(&self, subject: &str, sans: &[RecordedName]) -> bool {
        let any = |kind: &str, matches: &dyn Fn(&str) -> bool| {
            sans.iter()
                .any(|name| name.kind == kind && matches(&name.value))
        };
        match self {
            Self::CommonName(wanted) => common_name_of(subject)
                .is_some_and(|found| found.to_lowercase() == wanted.to_lowercase()),
            // A wildcard in a certificate is found by itself, too: `*.example.org`.
            Self::Dns(pattern) => {
                any("dns", &|name| pattern.covers(name))
                    || common_name_of(subject).is_some_and(|name| pattern.covers(&name))
            }
            Self::Ip(pattern) => any("ip", &|text| {
                text.parse::<IpAddr>().is_ok_and(|it| pattern.matches(it))
            }),
            Self::Mailbox(pattern) => any("email", &|address| pattern.matches(address)),
            Self::Uri(pattern) => any("uri", &|uri| pattern.matches(uri)),
        }
    }

    /// Where the names lie that can match.
    pub(crate) fn range(&self) -> NameRange {
        match self {
            Self::CommonName(name) => NameRange::exactly(name_key::common_name(name)),
            Self::Dns(pattern) => {
                let key = name_key::host(pattern.domain());
                match pattern.scope() {
                    DnsScope::Host => NameRange::exactly(key),
                    DnsScope::OneLabelBelow | DnsScope::Below => {
                        NameRange::beginning([key.as_slice(), b"."].concat())
                    }
                }
            }
            Self::Ip(pattern) => {
                let network = pattern.network();
                NameRange {
                    from: name_key::ip(network.network()),
                    to: NameRange::exactly(name_key::ip(network.broadcast())).to,
                }
            }
            Self::Mailbox(pattern) => match pattern.local_part() {
                // The local part of a mailbox is compared with its case, which is lost in keys.
                Some(local) => {
                    NameRange::exactly(name_key::mailbox(&format!("{local}@{}", pattern.host())))
                }
                None => NameRange::beginning(name_key::mailbox(&format!("@{}", pattern.host()))),
            },
            Self::Uri(pattern) => {
                let text = pattern.as_str();
                let literal = text.split('*').next().unwrap_or_default();
                // Up to the last slash, in the normal form of what is in front of it; all URIs where it has none.
                let end = literal.rfind('/').map_or(0, |position| position + 1);
                let literal = NormalUri::parse(literal.get(..end).unwrap_or_default());
                let literal = literal.as_ref().map_or("", NormalUri::as_str);
                NameRange::beginning([b"u".as_slice(), literal.as_bytes()].concat())
            }
        }
    }
}

impl FromStr for NamePattern {
    type Err = NamePatternError;

    fn from_str(text: &str) -> Result<Self, NamePatternError> {
        let wrong = |source| NamePatternError {
            text: text.to_owned(),
            source,
        };
        if text.trim().is_empty() || text.len() > MAX_LEN {
            return Err(wrong(None));
        }
        let of_kind = match text.split_once(':') {
            Some(("cn", name)) => return Ok(Self::CommonName(name.to_owned())),
            Some(("dns", name)) => Some(name.parse().map(Self::Dns)),
            Some(("email", name)) => Some(name.parse().map(Self::Mailbox)),
            Some(("ip", name)) => Some(name.parse().map(Self::Ip)),
            Some(("uri", name)) => Some(name.parse().map(Self::Uri)),
            _ => None,
        };
        if let Some(pattern) = of_kind {
            return pattern.map_err(|error| wrong(Some(error)));
        }
        if text.contains("://") {
            return text
                .parse()
                .map(Self::Uri)
                .map_err(|error| wrong(Some(error)));
        }
        if let Ok(pattern) = text.parse() {
            return Ok(Self::Ip(pattern));
        }
        if let Ok(pattern) = text.parse() {
            return Ok(Self::Mailbox(pattern));
        }
        match text.parse() {
            Ok(pattern) => Ok(Self::Dns(pattern)),
            // Nobody has an asterisk in his name: it was meant as a pattern, and would find nothing.
            Err(error) if text.contains('*') => Err(wrong(Some(error))),
            Err(_) => Ok(Self::CommonName(text.to_owned())),
        }
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommonName(name) => write!(f, "cn:{name}"),
            Self::Dns(pattern) => pattern.fmt(f),
            Self::Ip(pattern) => pattern.fmt(f),
            Self::Mailbox(pattern) => pattern.fmt(f),
            Self::Uri(pattern) => pattern.fmt(f),
        }
    }
}

/// What a record says of the names in a certificate.
pub(crate) fn recorded(sans: &[SubjectAltName]) -> Vec<RecordedName> {
    sans.iter().map(RecordedName::from).collect()
}

/// The common name in a subject as it is stored.
fn common_name_of(subject: &str) -> Option<String> {
    let name: x509_identity::DistinguishedName = subject.parse().ok()?;
    name.common_name().map(str::to_owned)
}

/// The names of a certificate as texts, and as keys.
pub(crate) fn names_of(certificate: &Certificate) -> (Vec<RecordedName>, Vec<Vec<u8>>) {
    let keys = name_key::name_keys(certificate.subject(), certificate.sans());
    (recorded(certificate.sans()), keys)
}

/// Bytes of a pattern.
const MAX_LEN: usize = 2048;
