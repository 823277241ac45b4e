//! What a SPIFFE ID is (SPIFFE-ID section 2).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A workload's name: `spiffe://trust-domain/path`; cheap to clone.
///
/// ```
/// use x509_identity::SpiffeId;
///
/// # fn main() -> Result<(), x509_identity::SpiffeIdError> {
/// let id: SpiffeId = "spiffe://example.org/ns/prod/sa/billing".parse()?;
/// assert_eq!(id.trust_domain(), "example.org");
/// assert_eq!(id.path(), "/ns/prod/sa/billing");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SpiffeId(Arc<str>);

impl SpiffeId {
    /// Takes what was checked.
    pub(super) fn checked(id: &str) -> Self {
        Self(id.into())
    }

    /// The whole ID.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `example.org` in `spiffe://example.org/billing`.
    pub fn trust_domain(&self) -> &str {
        split(&self.0).0
    }

    /// `/billing` in `spiffe://example.org/billing`; empty where the ID is that of a trust domain.
    pub fn path(&self) -> &str {
        split(&self.0).1
    }
}

impl FromStr for SpiffeId {
    type Err = SpiffeIdError;

    /// Reads an ID as SPIFFE-ID section 2 defines it, with or without a path.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        check(text)?;
        Ok(Self::checked(text))
    }
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is not a SPIFFE ID.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SpiffeIdError {
    /// Two slashes in a row, or one at the end.
    #[error("the path has an empty segment, or ends with a slash")]
    EmptySegment,

    /// Nothing between `spiffe://` and the path.
    #[error("the trust domain is empty")]
    EmptyTrustDomain,

    /// A path has letters, digits, `.`, `-` and `_`; neither query nor fragment follows it.
    #[error("the path has the character {0:?}, which is not one of A-Z a-z 0-9 . - _ /")]
    PathCharacter(char),

    /// A segment is `.` or `..`.
    #[error("the path has the relative segment . or ..")]
    RelativeSegment,

    /// It does not start with `spiffe://`, in lower case.
    #[error("it does not start with spiffe://")]
    Scheme,

    /// More than 2048 bytes, or more than 255 in the trust domain.
    #[error("it is longer than {MAX_LEN} bytes, or its trust domain than {MAX_TRUST_DOMAIN_LEN}")]
    TooLong,

    /// A trust domain has lower-case letters, digits, `.`, `-` and `_`; no port, no user.
    #[error("the trust domain has the character {0:?}, which is not one of a-z 0-9 . - _")]
    TrustDomainCharacter(char),
}

/// Trust domain and path of what begins with [`SCHEME`].
pub(super) fn split(id: &str) -> (&str, &str) {
    let rest = id.strip_prefix(SCHEME).unwrap_or_default();
    rest.split_at(rest.find('/').unwrap_or(rest.len()))
}

pub(super) fn check(id: &str) -> Result<(), SpiffeIdError> {
    if id.len() > MAX_LEN {
        return Err(SpiffeIdError::TooLong);
    }
    if !id.starts_with(SCHEME) {
        return Err(SpiffeIdError::Scheme);
    }
    let (trust_domain, path) = split(id);
    check_trust_domain(trust_domain)?;
    let Some(path) = path.strip_prefix('/') else {
        return Ok(());
    };
    path.split('/').try_for_each(check_segment)
}

pub(crate) fn check_trust_domain(name: &str) -> Result<(), SpiffeIdError> {
    if name.is_empty() {
        return Err(SpiffeIdError::EmptyTrustDomain);
    }
    if name.len() > MAX_TRUST_DOMAIN_LEN {
        return Err(SpiffeIdError::TooLong);
    }
    let allowed = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '.' | '-' | '_');
    match name.chars().find(|c| !allowed(*c)) {
        Some(character) => Err(SpiffeIdError::TrustDomainCharacter(character)),
        None => Ok(()),
    }
}

pub(crate) fn check_segment(segment: &str) -> Result<(), SpiffeIdError> {
    if segment.is_empty() {
        return Err(SpiffeIdError::EmptySegment);
    }
    if matches!(segment, "." | "..") {
        return Err(SpiffeIdError::RelativeSegment);
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    match segment.chars().find(|c| !allowed(*c)) {
        Some(character) => Err(SpiffeIdError::PathCharacter(character)),
        None => Ok(()),
    }
}

pub(crate) const SCHEME: &str = "spiffe://";

/// SPIFFE-ID 2.3.
const MAX_LEN: usize = 2048;
const MAX_TRUST_DOMAIN_LEN: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_a_scheme_a_trust_domain_and_plain_segments() {
        use SpiffeIdError as E;
        let longest_domain = format!("spiffe://{}/x", "a".repeat(255));
        let longest = format!("spiffe://td/{}", "a".repeat(MAX_LEN - 12));
        let cases = [
            ("spiffe://example.org", None),
            ("spiffe://example.org/ns/prod", None),
            ("spiffe://a_b-c.1/A.b_c-9", None),
            ("spiffe://td/...", None),
            (longest_domain.as_str(), None),
            (longest.as_str(), None),
            ("", Some(E::Scheme)),
            ("SPIFFE://td/x", Some(E::Scheme)),
            ("https://td/x", Some(E::Scheme)),
            ("spiffe:/td/x", Some(E::Scheme)),
            ("spiffe://", Some(E::EmptyTrustDomain)),
            ("spiffe:///x", Some(E::EmptyTrustDomain)),
            ("spiffe://Td/x", Some(E::TrustDomainCharacter('T'))),
            ("spiffe://td:80/x", Some(E::TrustDomainCharacter(':'))),
            ("spiffe://u@td/x", Some(E::TrustDomainCharacter('@'))),
            ("spiffe://td?x", Some(E::TrustDomainCharacter('?'))),
            ("spiffe://t%64/x", Some(E::TrustDomainCharacter('%'))),
            ("spiffe://td/", Some(E::EmptySegment)),
            ("spiffe://td/x/", Some(E::EmptySegment)),
            ("spiffe://td//x", Some(E::EmptySegment)),
            ("spiffe://td/./x", Some(E::RelativeSegment)),
            ("spiffe://td/x/..", Some(E::RelativeSegment)),
            ("spiffe://td/%2e%2e", Some(E::PathCharacter('%'))),
            ("spiffe://td/x?y", Some(E::PathCharacter('?'))),
            ("spiffe://td/x#y", Some(E::PathCharacter('#'))),
            ("spiffe://td/x*", Some(E::PathCharacter('*'))),
        ];
        for (text, refused) in cases {
            assert_eq!(text.parse::<SpiffeId>().err(), refused, "{text}");
        }
        for too_long in [
            format!("spiffe://{}/x", "a".repeat(256)),
            format!("{longest}a"),
        ] {
            assert_eq!(too_long.parse::<SpiffeId>(), Err(E::TooLong));
        }
    }
}
