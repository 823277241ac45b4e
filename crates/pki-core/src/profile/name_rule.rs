//! Any, none, or those that match a pattern.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Error, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::decision::Ruling;

/// Which names of one kind are certified. In TOML `"any"`, `"none"` or a list of patterns.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum NameRule<P> {
    /// All of them.
    Any,
    /// None of them.
    #[default]
    None,
    /// Those that match one of the patterns.
    Only(Vec<P>),
}

impl<P: fmt::Display> NameRule<P> {
    /// What the rule at `place` says, and by which of its patterns.
    pub(super) fn ruling<'a, D: fmt::Display + 'a>(
        &'a self,
        place: D,
        matches: impl Fn(&P) -> bool,
    ) -> Ruling<'a> {
        match self {
            Self::Any => Ruling::allowed(move || format!("{place} = \"{ANY}\"")),
            Self::None => Ruling::refused(move || format!("{place} = \"{NONE}\"")),
            Self::Only(patterns) => match patterns.iter().find(|pattern| matches(pattern)) {
                Some(pattern) => Ruling::allowed(move || format!("{place} = \"{pattern}\"")),
                None => Ruling::refused(move || format!("{place}, none of whose patterns matches")),
            },
        }
    }

    /// The place in a profile where this rule refuses what matches, if it does.
    pub(super) fn refusal<'a>(
        &'a self,
        place: &'a str,
        matches: impl Fn(&P) -> bool,
    ) -> Option<Ruling<'a>> {
        self.ruling(place, matches).refusal()
    }
}

impl<P: fmt::Display> Serialize for NameRule<P> {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Any => output.serialize_str(ANY),
            Self::None => output.serialize_str(NONE),
            Self::Only(patterns) => output.collect_seq(patterns.iter().map(P::to_string)),
        }
    }
}

impl<'de, P: FromStr<Err: fmt::Display>> Deserialize<'de> for NameRule<P> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(Rule(PhantomData))
    }
}

struct Rule<P>(PhantomData<P>);

impl<'de, P: FromStr<Err: fmt::Display>> Visitor<'de> for Rule<P> {
    type Value = NameRule<P>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{ANY}\", \"{NONE}\" or a list of patterns")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        match text {
            ANY => Ok(NameRule::Any),
            NONE => Ok(NameRule::None),
            other => Err(E::invalid_value(Unexpected::Str(other), &self)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut patterns = Vec::new();
        while let Some(text) = list.next_element::<String>()? {
            let pattern = text.parse().map_err(|error| {
                A::Error::custom(format_args!("{text:?} is not a pattern: {error}"))
            })?;
            patterns.push(pattern);
        }
        Ok(NameRule::Only(patterns))
    }
}

pub(super) const ANY: &str = "any";
pub(super) const NONE: &str = "none";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use x509_identity::pattern::DnsPattern;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq, Serialize)]
    struct Table {
        dns: NameRule<DnsPattern>,
    }

    #[test]
    fn a_rule_reads_as_it_is_written() {
        for (text, dns) in [
            ("dns = \"any\"\n", NameRule::Any),
            ("dns = \"none\"\n", NameRule::None),
            ("dns = []\n", NameRule::Only(vec![])),
            (
                "dns = [\"a.example\", \"*.b.example\"]\n",
                NameRule::Only(vec![
                    "a.example".parse().unwrap(),
                    "*.b.example".parse().unwrap(),
                ]),
            ),
        ] {
            let table = Table { dns };
            assert_eq!(toml::to_string(&table).unwrap(), text);
            assert_eq!(toml::from_str::<Table>(text).unwrap(), table);
        }
    }

    #[test]
    fn what_is_not_a_pattern_is_an_error_that_names_it() {
        for (text, says) in [
            (
                "dns = [\"*.*.example\"]",
                "\"*.*.example\" is not a pattern",
            ),
            ("dns = \"all\"", "\"any\", \"none\" or a list of patterns"),
            ("dns = 1", "\"any\", \"none\" or a list of patterns"),
            ("dns = [1]", "expected a string"),
        ] {
            let error = toml::from_str::<Table>(text).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
