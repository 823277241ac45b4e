//! Which subjects a profile certifies.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use const_oid::db::rfc4519::{COMMON_NAME, SERIAL_NUMBER};
use serde::de::{Error, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use x509_identity::{Attribute, ObjectIdentifier};

use super::decision::Ruling;
use super::name_rule::{ANY, NONE, NameRule};

/// The subjects that a profile certifies: a rule for each kind of attribute, and none of the others. The default
/// certifies an empty subject and no other.
///
/// In TOML `"any"`, `"none"` or a table, in which attributes have the names that RFC 4514 and OpenSSL give them, or
/// are dotted object identifiers:
///
/// ```toml
/// [subject]
/// CN = "any"
/// O = ["Example Ltd"]
/// ```
///
/// Rules of servers trust what a CA certified: an organizational unit that any applicant can ask for says nothing. An
/// email address in a subject is a name like any other, so [`AllowedNames::email`](super::AllowedNames::email) decides.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AllowedSubject(Rules);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Rules {
    Any,
    Only(BTreeMap<ObjectIdentifier, NameRule<SubjectText>>),
}

/// The text of an attribute, compared character by character.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SubjectText(String);

impl AllowedSubject {
    /// Every attribute with any text: for profiles whose certificates only the CA's own people ask for.
    #[must_use]
    pub fn any() -> Self {
        Self(Rules::Any)
    }

    /// An empty subject.
    #[must_use]
    pub fn none() -> Self {
        Self(Rules::Only(BTreeMap::new()))
    }

    /// The same, with this rule for the attribute `kind`.
    #[must_use]
    pub fn with(self, kind: ObjectIdentifier, rule: NameRule<SubjectText>) -> Self {
        let mut rules = match self.0 {
            Rules::Any => return self,
            Rules::Only(rules) => rules,
        };
        rules.insert(kind, rule);
        Self(Rules::Only(rules))
    }

    /// A common name, and nothing else.
    pub(super) fn common_name() -> Self {
        Self::none().with(COMMON_NAME, NameRule::Any)
    }

    /// A common name or a serial number of a device, and nothing else.
    pub(super) fn device() -> Self {
        Self::common_name().with(SERIAL_NUMBER, NameRule::Any)
    }

    /// Whether `attribute` may be in the subject.
    #[must_use]
    pub fn allows(&self, attribute: &Attribute) -> bool {
        self.ruling("subject", attribute).allowed
    }

    /// The rule below `place` that decides about `attribute`.
    pub(super) fn ruling<'a>(&'a self, place: &'static str, attribute: &Attribute) -> Ruling<'a> {
        let kind = attribute.oid();
        match &self.0 {
            Rules::Any => Ruling::allowed(move || format!("{place} = \"{ANY}\"")),
            Rules::Only(rules) => match rules.get(&kind) {
                Some(rule) => rule.ruling(AttributePlace(place, kind), |text| {
                    attribute.text().is_some_and(|it| it == text.0)
                }),
                None => Ruling::refused(move || {
                    format!("{place}, which has no rule for {}", type_name(&kind))
                }),
            },
        }
    }
}

/// Where the rule for an attribute of this type is.
struct AttributePlace(&'static str, ObjectIdentifier);

impl fmt::Display for AttributePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, type_name(&self.1))
    }
}

fn type_name(kind: &ObjectIdentifier) -> String {
    Attribute::name_of_type(kind).map_or_else(|| kind.to_string(), str::to_owned)
}

impl Default for AllowedSubject {
    fn default() -> Self {
        Self::none()
    }
}

impl FromStr for SubjectText {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for SubjectText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for AllowedSubject {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Rules::Any => output.serialize_str(ANY),
            Rules::Only(rules) if rules.is_empty() => output.serialize_str(NONE),
            Rules::Only(rules) => {
                output.collect_map(rules.iter().map(|(kind, rule)| (type_name(kind), rule)))
            }
        }
    }
}

impl<'de> Deserialize<'de> for AllowedSubject {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(Subject)
    }
}

struct Subject;

impl<'de> Visitor<'de> for Subject {
    type Value = AllowedSubject;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "\"{ANY}\", \"{NONE}\" or a table with a rule for each attribute"
        )
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        match text {
            ANY => Ok(AllowedSubject::any()),
            NONE => Ok(AllowedSubject::none()),
            other => Err(E::invalid_value(Unexpected::Str(other), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<Self::Value, A::Error> {
        let mut rules = BTreeMap::new();
        while let Some(name) = table.next_key::<String>()? {
            let kind = Attribute::type_named(&name)
                .or_else(|| name.parse().ok())
                .ok_or_else(|| {
                    A::Error::custom(format_args!("{name:?} is not an attribute of a subject"))
                })?;
            if rules.insert(kind, table.next_value()?).is_some() {
                return Err(A::Error::custom(format_args!("{name:?} has two rules")));
            }
        }
        Ok(AllowedSubject(Rules::Only(rules)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use x509_identity::DistinguishedName;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq, Serialize)]
    struct Table {
        subject: AllowedSubject,
    }

    fn read(text: &str) -> Result<AllowedSubject, toml::de::Error> {
        toml::from_str::<Table>(text).map(|table| table.subject)
    }

    fn allows(rule: &AllowedSubject, subject: &str) -> bool {
        let subject: DistinguishedName = subject.parse().unwrap();
        subject.attributes().all(|attribute| rule.allows(attribute))
    }

    #[test]
    fn each_attribute_needs_a_rule_that_allows_its_text() {
        let rule = read("[subject]\nCN = \"any\"\nO = [\"Example Ltd\"]\nOU = \"none\"").unwrap();
        for (subject, allowed) in [
            ("", true),
            ("CN=a", true),
            ("CN=a,O=Example Ltd", true),
            ("CN=a,O=example ltd", false),
            ("CN=a,O=Example", false),
            ("CN=a,O=Example Ltd+OU=Ops", false),
            ("CN=a,OU=Ops", false),
            ("CN=a,L=City", false),
        ] {
            assert_eq!(allows(&rule, subject), allowed, "{subject}");
        }
        assert!(allows(&AllowedSubject::any(), "CN=a,OU=Ops"));
        assert!(allows(&AllowedSubject::default(), ""));
        assert!(!allows(&AllowedSubject::default(), "CN=a"));
    }

    #[test]
    fn a_rule_reads_as_it_is_written() {
        for text in [
            "subject = \"any\"\n",
            "subject = \"none\"\n",
            "[subject]\nCN = \"any\"\nO = [\"a\", \"b\"]\n",
            "[subject]\n\"1.2.3.4\" = [\"a\"]\n",
        ] {
            let rule = read(text).unwrap();
            let written = toml::Value::try_from(Table {
                subject: rule.clone(),
            })
            .unwrap();
            let again = Table::deserialize(written).unwrap();
            assert_eq!(again.subject, rule, "{text}");
        }
        assert_eq!(
            read("[subject]\ncommonName = \"any\"").unwrap(),
            AllowedSubject::common_name()
        );
    }

    #[test]
    fn what_is_misspelt_is_refused() {
        for (text, words) in [
            ("subject = \"all\"", "invalid value"),
            ("[subject]\nCommonNames = \"any\"", "not an attribute"),
            ("[subject]\nCN = \"all\"", "invalid value"),
            ("[subject]\nCN = \"any\"\ncommonName = \"any\"", "two rules"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
