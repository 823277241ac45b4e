//! Whether two names are one (RFC 5280 section 7.1).
//!
//! Programs write one name in several ways: an issuer as UTF8String whose CA has a PrintableString, in
//! other letter case, with other spaces. Whoever looks for an issuer, or holds a name against a
//! constraint, goes by this; whoever goes by a name to allow something compares exactly, by `==`.

use super::{Attribute, AttributeValue, DistinguishedName, Rdn};

impl DistinguishedName {
    /// Whether both are one name: they have the same attributes in the same RDNs. String type,
    /// letter case, and the number of spaces between words make no difference.
    pub fn matches(&self, other: &Self) -> bool {
        self.rdns.len() == other.rdns.len() && self.begins_with(other)
    }

    /// Whether the name begins with the RDNs of `base`, as [`matches`](Self::matches) compares them:
    /// whether it lies in that subtree (RFC 5280 section 4.2.1.10).
    pub fn begins_with(&self, base: &Self) -> bool {
        let mut pairs = base.rdns.iter().zip(&self.rdns);
        base.rdns.len() <= self.rdns.len() && pairs.all(|(base, own)| own.matches(base))
    }

    /// One encoding for all names that [match](Self::matches) each other, to look them up by. It is
    /// neither DER nor text.
    pub fn matching_key(&self) -> Vec<u8> {
        // Each part tells where it ends: numbers have eight octets, DER has its length, and text has no NUL, with
        // which the number behind it begins.
        let mut key = Vec::new();
        for rdn in &self.rdns {
            let mut attributes: Vec<_> = rdn.attributes.iter().map(attribute_key).collect();
            attributes.sort_unstable();
            attributes.dedup();
            key.extend(attributes.len().to_be_bytes());
            key.extend(attributes.concat());
        }
        key
    }
}

impl Rdn {
    fn matches(&self, other: &Self) -> bool {
        let within = |a: &Self, b: &Self| {
            let mut own = a.attributes.iter();
            own.all(|one| b.attributes.iter().any(|other| one.matches(other)))
        };
        within(self, other) && within(other, self)
    }
}

impl Attribute {
    fn matches(&self, other: &Self) -> bool {
        self.oid == other.oid
            && match (&self.value, &other.value) {
                (AttributeValue::Text { text: a, .. }, AttributeValue::Text { text: b, .. }) => {
                    a == b || folded(a) == folded(b)
                }
                (a, b) => a == b,
            }
    }
}

fn attribute_key(attribute: &Attribute) -> Vec<u8> {
    let (kind, value) = match &attribute.value {
        AttributeValue::Text { text, .. } => (0, folded(text).into_bytes()),
        AttributeValue::Der(der) => (1, der.to_vec()),
    };
    let oid = attribute.oid.as_bytes();
    [&oid.len().to_be_bytes(), oid, &[kind], value.as_slice()].concat()
}

/// RFC 4518 section 2, as far as certificates need it: without letter case, and with one space between
/// words.
fn folded(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").to_lowercase()
}
