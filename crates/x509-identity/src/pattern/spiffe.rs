//! Patterns for SPIFFE IDs.

use std::fmt;
use std::str::FromStr;

use super::error::PatternError;
use super::uri::UriPattern;
use crate::Certificate;
use crate::spiffe::{SCHEME, SpiffeId, SvidError, check_segment, check_trust_domain, id_in};

/// A pattern for the workloads of one trust domain: `spiffe://example.org/ns/*/web`, `spiffe://example.org/**`.
///
/// The trust domain is literal; in the path `*` and `**` mean what they do in a [`UriPattern`].
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct SpiffePattern(UriPattern);

impl SpiffePattern {
    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether `id` matches.
    pub fn matches(&self, id: &SpiffeId) -> bool {
        self.0.matches(id.as_str())
    }

    /// Whether the ID of an X.509-SVID matches.
    ///
    /// # Errors
    ///
    /// [`SvidError`], as [`SpiffeId::from_certificate`] gives it, where the certificate is not one.
    pub fn matches_svid(&self, certificate: &Certificate) -> Result<bool, SvidError> {
        id_in(certificate).map(|id| self.0.matches(id))
    }
}

impl FromStr for SpiffePattern {
    type Err = PatternError;

    fn from_str(pattern: &str) -> Result<Self, Self::Err> {
        let (trust_domain, path) = pattern
            .strip_prefix(SCHEME)
            .and_then(|rest| rest.split_once('/'))
            .ok_or(PatternError::SpiffeId)?;
        check_trust_domain(trust_domain).map_err(|_| PatternError::SpiffeTrustDomain)?;
        let plain = |segment: &str| check_segment(&segment.replace('*', "x")).is_ok();
        if !path.split('/').all(plain) {
            return Err(PatternError::SpiffePath);
        }
        pattern.parse().map(Self)
    }
}

impl fmt::Display for SpiffePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_pattern_is_within_one_trust_domain() {
        for (pattern, id, matches) in [
            ("spiffe://td/**", "spiffe://td/a/b", true),
            ("spiffe://td/**", "spiffe://td", false),
            ("spiffe://td/**", "spiffe://td.evil/a", false),
            ("spiffe://td/ns/*/web", "spiffe://td/ns/prod/web", true),
            ("spiffe://td/ns/*/web", "spiffe://td/ns/prod/api", false),
            ("spiffe://td/a", "spiffe://td/a", true),
        ] {
            let read: SpiffePattern = pattern.parse().unwrap();
            assert_eq!(
                read.matches(&id.parse().unwrap()),
                matches,
                "{pattern} {id}"
            );
        }
    }

    #[test]
    fn a_pattern_has_a_literal_trust_domain_and_a_path() {
        for (pattern, error) in [
            ("spiffe://td", PatternError::SpiffeId),
            ("https://td/a", PatternError::SpiffeId),
            ("spiffe://*/a", PatternError::SpiffeTrustDomain),
            ("spiffe://TD/a", PatternError::SpiffeTrustDomain),
            ("spiffe:///a", PatternError::SpiffeTrustDomain),
            ("spiffe://td/", PatternError::SpiffePath),
            ("spiffe://td/a?b", PatternError::SpiffePath),
            ("spiffe://td/a/../b", PatternError::SpiffePath),
            ("spiffe://td/a**", PatternError::Wildcard),
        ] {
            assert_eq!(pattern.parse::<SpiffePattern>(), Err(error), "{pattern}");
        }
    }
}
