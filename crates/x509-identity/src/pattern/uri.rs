//! Patterns for URIs.

use std::fmt;
use std::str::FromStr;

use super::error::PatternError;
use super::normal_uri::{NormalUri, has_relative_segment, normal_form};

/// A URI in which `*` stands for characters of one segment and `**` for whole segments. Everything
/// else stands for itself, in any spelling: pattern and URI are compared in their [normal
/// form](NormalUri).
///
/// `*` does not cross `/`, `?` or `#`, and a segment that is `*` alone is not empty. `**` between slashes stands
/// for any number of segments, and at the end for one at least, none of them empty. The scheme is literal, and so
/// is the number of segments before the path.
///
/// File globs would be wrong here: `?`, `[` and `{` have meanings of their own in URIs, and a query is not a file
/// name.
///
/// ```
/// use x509_identity::pattern::UriPattern;
///
/// # fn main() -> Result<(), x509_identity::pattern::PatternError> {
/// let all: UriPattern = "spiffe://example.org/ns/prod/**".parse()?;
/// assert!(all.matches("spiffe://example.org/ns/prod/sa/billing"));
/// assert!(!all.matches("spiffe://example.org/ns/prod/../test/sa/billing"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct UriPattern {
    written: Box<str>,
    normal: Box<str>,
}

impl UriPattern {
    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// Whether `uri` matches. One without a [normal form](NormalUri) never does.
    pub fn matches(&self, uri: &str) -> bool {
        NormalUri::parse(uri).is_some_and(|uri| self.matches_normal(&uri))
    }

    /// Whether a URI in normal form matches.
    pub fn matches_normal(&self, uri: &NormalUri) -> bool {
        segments(Some(&self.normal), Some(uri.as_str()))
    }
}

impl FromStr for UriPattern {
    type Err = PatternError;

    fn from_str(pattern: &str) -> Result<Self, Self::Err> {
        let scheme = pattern.split_once(':').map_or("", |(scheme, _)| scheme);
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scheme.chars().all(plain) {
            return Err(PatternError::Scheme);
        }
        if !pattern.chars().all(|c| c.is_ascii_graphic()) {
            return Err(PatternError::NotAscii);
        }
        if has_relative_segment(pattern) {
            return Err(PatternError::RelativeSegment);
        }
        let authority = if pattern.contains("://") { 3 } else { 1 };
        for (index, segment) in pattern.split('/').enumerate() {
            if segment.contains("**") && (segment != "**" || index < authority) {
                return Err(PatternError::Wildcard);
            }
        }
        let normal = normal_form(pattern).ok_or(PatternError::NotNormal)?;
        Ok(Self {
            written: pattern.into(),
            normal: normal.into(),
        })
    }
}

impl fmt::Display for UriPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

/// Matches segment by segment. After a failure only the last `**` takes one segment more, which is
/// enough, and keeps the work within the product of both lengths.
fn segments<'a>(mut pattern: Option<&'a str>, mut uri: Option<&'a str>) -> bool {
    let mut retry: Option<(Option<&str>, Option<&str>)> = None;
    loop {
        let (wanted, pattern_rest) = next(pattern);
        let (found, uri_rest) = next(uri);
        match (wanted, found) {
            (None, None) => break true,
            // At the end it stands for one segment at least: what is left of the URI is not the end of it.
            (Some("**"), Some(_)) => {
                retry = Some((pattern_rest, uri));
                pattern = pattern_rest;
                continue;
            }
            (Some(wanted), Some(found)) if segment(wanted, found) => {
                (pattern, uri) = (pattern_rest, uri_rest);
                continue;
            }
            _ => {}
        }
        let Some((after, taken)) = retry else {
            break false;
        };
        let (found, uri_rest) = next(taken);
        if !found.is_some_and(stands_for) {
            break false;
        }
        retry = Some((after, uri_rest));
        (pattern, uri) = (after, uri_rest);
    }
}

/// The first segment, and what follows its slash.
fn next(text: Option<&str>) -> (Option<&str>, Option<&str>) {
    match text {
        None => (None, None),
        Some(text) => match text.split_once('/') {
            Some((first, rest)) => (Some(first), Some(rest)),
            None => (Some(text), None),
        },
    }
}

/// Whether a `**` may stand for this segment.
fn stands_for(segment: &str) -> bool {
    !segment.is_empty() && !segment.contains(['?', '#'])
}

/// One segment. `*` stands for any run of characters but those that end a path, and alone for one
/// character at least.
fn segment(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(last) = parts.next_back() else {
        return pattern == text;
    };
    // A star alone stands for one character at least, as do the characters beside a star.
    if text.is_empty() {
        return false;
    }
    let Some(mut middle) = text
        .strip_prefix(first)
        .and_then(|rest| rest.strip_suffix(last))
    else {
        return false;
    };
    let crosses = |run: &str| run.contains(['?', '#']);
    for part in parts {
        let Some(at) = middle.find(part) else {
            return false;
        };
        let (run, rest) = middle.split_at(at);
        if crosses(run) {
            return false;
        }
        middle = rest.strip_prefix(part).unwrap_or(rest);
    }
    !crosses(middle)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_star_stays_in_its_segment_and_two_cross_them() {
        for (pattern, uri, matches) in [
            ("spiffe://td/a", "spiffe://td/a", true),
            ("spiffe://td/a", "spiffe://td/a/", false),
            ("spiffe://td/a", "spiffe://td/A", false),
            ("spiffe://td/a", "SPIFFE://TD/a", true),
            ("SPIFFE://TD/a", "spiffe://td/a", true),
            ("spiffe://td/*", "spiffe://td/a", true),
            ("spiffe://td/*", "spiffe://td/", false),
            ("spiffe://td/*", "spiffe://td", false),
            ("spiffe://td/*", "spiffe://td/a/b", false),
            ("spiffe://td/*", "spiffe://td/a?b", false),
            ("spiffe://td/*", "spiffe://td/a#b", false),
            ("spiffe://td/*", "spiffe://td.evil/a", false),
            ("spiffe://td/ns/*/sa/*", "spiffe://td/ns/prod/sa/x", true),
            ("spiffe://td/ns/*/sa/*", "spiffe://td/ns/prod/x/sa", false),
            ("spiffe://td/web-*", "spiffe://td/web-", true),
            ("spiffe://td/web-*-*x", "spiffe://td/web-a-b-x", true),
            ("spiffe://td/web-*-*x", "spiffe://td/web-x", false),
            ("spiffe://td/web-*-*x", "spiffe://td/web-a?b-cx", false),
            ("spiffe://td/web-*-*x", "spiffe://td/web-a#b-cx", false),
            ("spiffe://td/ab*ba", "spiffe://td/aba", false),
            ("spiffe://td/**", "spiffe://td/a/b/c", true),
            ("spiffe://td/**", "spiffe://td/a", true),
            ("spiffe://td/**", "spiffe://td/", false),
            ("spiffe://td/**", "spiffe://td", false),
            ("spiffe://td/**", "spiffe://td/a//b", false),
            ("spiffe://td/**", "spiffe://td/a?/b", false),
            ("spiffe://td/**", "spiffe://evil/td/a", false),
            ("spiffe://td/**/z", "spiffe://td/z", true),
            ("spiffe://td/**/z", "spiffe://td/a/b/z", true),
            ("spiffe://td/**/z", "spiffe://td/a/z/b", false),
            ("spiffe://td/**/b/**/z", "spiffe://td/a/b/b/c/z", true),
            ("spiffe://td/**/b/*/z", "spiffe://td/b/b/c/z", true),
            ("https://*.example.com/x", "https://a.example.com/x", true),
            (
                "https://*.example.com/x",
                "https://evil/.example.com/x",
                false,
            ),
            (
                "https://*.example.com/x",
                "https://evil#.example.com/x",
                false,
            ),
            (
                "https://*.example.com/x",
                "https://a@b.example.com/x",
                false,
            ),
            ("https://*.Example.com:443", "HTTPS://A.example.com", true),
            ("https://h/**", "HTTPS://H:443/%61/b", true),
            ("https://h/%61dmin", "https://h/admin", true),
            ("https://h/**", "https://h:8443/a", false),
            ("https://h/**", "https://h/a%2fb", false),
            ("https://h/**", "https://u@h/a", false),
            ("https://h/x?[a]={b}", "https://h/x?[a]={b}", true),
            ("https://h/x?[a]={b}", "https://h/xya={b}", false),
            ("spiffe://td/**/b/**", "spiffe://td/b/b", true),
            ("spiffe://td/**/b/**", "spiffe://td/b", false),
            ("spiffe://td/*a*", "spiffe://td/", false),
            ("urn:a/**", "urn:a/b/c", true),
            ("svn+ssh://h/*", "SVN+SSH://h/a", true),
            ("urn:uuid:*", "urn:uuid:1234", true),
            ("urn:uuid:*", "urn:oid:1234", false),
            ("https://h/**", "https://h/a/../b", false),
            ("https://h/**", "https://h/%2e%2E/b", false),
        ] {
            let read: UriPattern = pattern.parse().unwrap();
            assert_eq!(read.matches(uri), matches, "{pattern} {uri}");
        }
    }

    #[test]
    fn a_pattern_that_says_less_than_it_seems_is_refused() {
        for (pattern, error) in [
            ("", PatternError::Scheme),
            ("*", PatternError::Scheme),
            ("**", PatternError::Scheme),
            ("//td/x", PatternError::Scheme),
            ("*://td/x", PatternError::Scheme),
            ("spi*://td/x", PatternError::Scheme),
            ("1x:y", PatternError::Scheme),
            ("a_b:c", PatternError::Scheme),
            ("spiffe://**/x", PatternError::Wildcard),
            ("spiffe:**", PatternError::Wildcard),
            ("spiffe://td/a**", PatternError::Wildcard),
            ("spiffe://td/***", PatternError::Wildcard),
            ("spiffe://td/a/../b", PatternError::RelativeSegment),
            ("spiffe://td/%2E./b", PatternError::RelativeSegment),
            ("https://*@h/a", PatternError::NotNormal),
            ("https://h:*/a", PatternError::NotNormal),
            ("https://h/a%2Fb", PatternError::NotNormal),
            ("https://h/100%", PatternError::NotNormal),
            ("spiffe://td/å", PatternError::NotAscii),
            ("spiffe://td/a b", PatternError::NotAscii),
        ] {
            assert_eq!(pattern.parse::<UriPattern>(), Err(error), "{pattern}");
        }
    }

    #[test]
    fn a_hostile_name_costs_no_more_than_both_lengths() {
        let uri = format!("spiffe://td{}", "/a".repeat(4000));
        let pattern = format!("spiffe://td{}/b", "/**/a".repeat(40));
        assert!(!pattern.parse::<UriPattern>().unwrap().matches(&uri));
    }
}
