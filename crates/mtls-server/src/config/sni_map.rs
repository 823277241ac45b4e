//! Which settings a host name has.

use std::collections::HashMap;

use x509_identity::pattern::{DnsPattern, DnsScope};

/// One value for each host name or `*.` below a name, and one for all others.
#[derive(Debug)]
pub(crate) struct SniMap<T> {
    others: T,
    exact: HashMap<Box<str>, T>,
    /// By what follows the `*.`.
    below: HashMap<Box<str>, T>,
}

impl<T> SniMap<T> {
    pub(crate) fn new(others: T) -> Self {
        Self {
            others,
            exact: HashMap::new(),
            below: HashMap::new(),
        }
    }

    /// Takes what [`pattern`] has parsed.
    pub(crate) fn insert(&mut self, pattern: &DnsPattern, value: T) -> Option<T> {
        let names = match pattern.scope() {
            DnsScope::Host => &mut self.exact,
            DnsScope::OneLabelBelow | DnsScope::Below => &mut self.below,
        };
        names.insert(pattern.domain().into(), value)
    }

    /// The value for a name, which may be absent. An exact name comes before a wildcard.
    pub(crate) fn find(&self, name: Option<&str>) -> &T {
        let Some(name) = name.filter(|_| self.has_names()) else {
            return &self.others;
        };
        let name = normal(name);
        let wildcard = || {
            let (_, parent) = name.split_once('.')?;
            self.below.get(parent)
        };
        let exact = self.exact.get(&*name);
        exact.or_else(wildcard).unwrap_or(&self.others)
    }

    /// Whether any name has a value of its own.
    pub(crate) fn has_names(&self) -> bool {
        !(self.exact.is_empty() && self.below.is_empty())
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        std::iter::once(&self.others)
            .chain(self.exact.values())
            .chain(self.below.values())
    }

    /// The same names with other values.
    pub(crate) fn map<U>(&self, mut to: impl FnMut(&T) -> U) -> SniMap<U> {
        let mut mapped = |names: &HashMap<Box<str>, T>| {
            let pairs = names.iter().map(|(name, value)| (name.clone(), to(value)));
            pairs.collect()
        };
        let (exact, below) = (mapped(&self.exact), mapped(&self.below));
        SniMap {
            others: to(&self.others),
            exact,
            below,
        }
    }
}

/// Lower case, without the dot that may end a name.
fn normal(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// Parses `api.example.com` or `*.example.com`, with or without a dot at the end; `None` if it is
/// neither.
pub(crate) fn pattern(text: &str) -> Option<DnsPattern> {
    let pattern: DnsPattern = text.trim_end_matches('.').parse().ok()?;
    (pattern.scope() != DnsScope::Below).then_some(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_comes_before_a_wildcard_and_a_wildcard_before_the_rest() {
        let mut map = SniMap::new("others");
        for name in ["api.example.com", "*.example.com", "*.b.example.com"] {
            map.insert(&pattern(name).expect("a pattern"), name);
        }
        for (name, expected) in [
            (Some("api.example.com"), "api.example.com"),
            (Some("API.Example.COM."), "api.example.com"),
            (Some("www.example.com"), "*.example.com"),
            (Some("x.b.example.com"), "*.b.example.com"),
            (Some("b.example.com"), "*.example.com"),
            (Some("a.b.c.example.com"), "others"),
            (Some("example.com"), "others"),
            (Some("com"), "others"),
            (Some(""), "others"),
            (None, "others"),
        ] {
            assert_eq!(*map.find(name), expected, "{name:?}");
        }
    }

    #[test]
    fn only_host_names_and_wildcards_are_patterns() {
        for good in ["localhost", "a-b.example", "*.example", "A.B."] {
            assert!(pattern(good).is_some(), "{good}");
        }
        for bad in [
            "", "*", "*.", "a..b", "-a.b", "a-.b", "a b", "*.*.b", "a.*.b", "ü.b", "a/b", ".b",
        ] {
            assert_eq!(pattern(bad), None, "{bad}");
        }
    }
}
