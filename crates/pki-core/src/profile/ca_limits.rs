//! What a CA certificate says about everything below it.

use std::fmt;
use std::str::FromStr;

use const_oid::db::rfc5280::{ID_KP_CLIENT_AUTH, ID_KP_SERVER_AUTH};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use x509_identity::ObjectIdentifier;
use x509_identity::pattern::{DnsPattern, DnsScope, IpPattern, PatternError};

/// A purpose that a CA can be limited to.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "kebab-case")]
pub enum CaUsage {
    /// Its leaves authenticate clients.
    ClientAuth,
    /// Its leaves authenticate servers.
    ServerAuth,
}

impl CaUsage {
    pub(crate) fn oid(self) -> ObjectIdentifier {
        match self {
            Self::ClientAuth => ID_KP_CLIENT_AUTH,
            Self::ServerAuth => ID_KP_SERVER_AUTH,
        }
    }
}

/// Name constraints (RFC 5280 section 4.2.1.10) of a CA certificate: the names that certificates below it may have.
///
/// Names of other kinds are not constrained here, since widespread verifiers refuse every certificate below a CA whose
/// constraints they do not understand. The default constrains nothing.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct NameConstraints {
    /// If there is a subtree of its kind, a name has to be in one of them.
    pub permitted: Subtrees,
    /// A name must be in none of them.
    pub excluded: Subtrees,
}

/// Subtrees of names, by kind.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Subtrees {
    /// Host names (`example.org`), each with everything below it.
    #[serde(with = "texts")]
    pub dns: Vec<DnsSubtree>,
    /// Networks (`10.0.0.0/8`).
    #[serde(with = "texts")]
    pub ip: Vec<IpPattern>,
}

/// A host name with everything below it. Wildcards and leading dots mean something else in patterns, and are refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DnsSubtree(DnsPattern);

/// Why a text is not the top of a subtree.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DnsSubtreeError {
    /// It is not a host name.
    #[error("it is not a host name")]
    Pattern(#[source] PatternError),

    /// It has a wildcard or a leading dot.
    #[error("a constraint holds for a host name and all below it: write {0}")]
    Scope(String),
}

impl NameConstraints {
    /// Whether nothing is constrained.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.permitted.is_empty() && self.excluded.is_empty()
    }
}

impl Subtrees {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.dns.is_empty() && self.ip.is_empty()
    }
}

impl DnsSubtree {
    /// The host name at its top.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.domain()
    }
}

impl FromStr for DnsSubtree {
    type Err = DnsSubtreeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let pattern: DnsPattern = text.parse().map_err(DnsSubtreeError::Pattern)?;
        match pattern.scope() {
            DnsScope::Host => Ok(Self(pattern)),
            _ => Err(DnsSubtreeError::Scope(pattern.domain().to_owned())),
        }
    }
}

impl fmt::Display for DnsSubtree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Values as the texts that they are read from.
mod texts {
    use super::{Deserialize, Deserializer, FromStr, Serializer, fmt};

    pub(super) fn serialize<T: fmt::Display, S: Serializer>(
        values: &[T],
        output: S,
    ) -> Result<S::Ok, S::Error> {
        output.collect_seq(values.iter().map(T::to_string))
    }

    pub(super) fn deserialize<'de, T: FromStr<Err: fmt::Display>, D: Deserializer<'de>>(
        input: D,
    ) -> Result<Vec<T>, D::Error> {
        let texts = Vec::<String>::deserialize(input)?;
        let values = texts.iter().map(|text| text.parse());
        values
            .collect::<Result<_, _>>()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_subtree_is_a_host_name_and_no_pattern() {
        let read = |text: &str| toml::from_str::<NameConstraints>(text);
        let text = "[permitted]\ndns = [\"example.org\"]\nip = [\"10.0.0.0/8\"]\n";
        let constraints = read(text).unwrap();
        assert!(!constraints.is_empty() && constraints.excluded.is_empty());
        let written = toml::Value::try_from(&constraints).unwrap();
        assert_eq!(NameConstraints::deserialize(written).unwrap(), constraints);
        for bad in ["*.example.org", ".example.org", "", "a b"] {
            let text = format!("[permitted]\ndns = [\"{bad}\"]");
            assert!(read(&text).is_err(), "{bad}");
        }
        assert!(read("[permitted]\nemail = [\"@example.org\"]").is_err());
    }
}
