//! Mailboxes, and patterns for them.

use std::fmt;
use std::str::FromStr;

use super::error::PatternError;
use super::host_name::is_host_name;

/// The two parts of an email address. Two mailboxes are equal if their local parts are the same,
/// letter by letter, and their hosts are the same without regard to case (RFC 5280 section 7.5).
#[derive(Clone, Copy, Debug)]
pub struct Mailbox<'a> {
    local_part: &'a str,
    host: &'a str,
}

impl<'a> Mailbox<'a> {
    /// Splits `address` at its at sign. `None` if it is not clear which at sign that is, or if what
    /// follows is not a host name. Another at sign has to be inside of quotes (RFC 5321 section
    /// 4.1.2). Quotes that are not needed are not part of the mailbox. Backslashes within quotes
    /// are not read, because each would be a second spelling of the same mailbox.
    pub fn parse(address: &'a str) -> Option<Self> {
        let (local_part, host) = address.rsplit_once('@')?;
        let local_part = local_part_of(local_part)?;
        is_host_name(host).then_some(Self { local_part, host })
    }

    /// What stands before the at sign, without quotes that nothing needs.
    pub fn local_part(&self) -> &'a str {
        self.local_part
    }

    /// The host name after it.
    pub fn host(&self) -> &'a str {
        self.host
    }
}

impl PartialEq for Mailbox<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.local_part == other.local_part && self.host.eq_ignore_ascii_case(other.host)
    }
}

impl Eq for Mailbox<'_> {}

fn local_part_of(text: &str) -> Option<&str> {
    let is_plain = |text: &str| {
        let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'@' | b'"' | b'\\');
        !text.is_empty() && text.bytes().all(plain)
    };
    let quoted = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    match quoted {
        Some(inner) if is_plain(inner) => Some(inner),
        Some(inner) => {
            let readable = |byte| (b' '..=b'~').contains(&byte) && !matches!(byte, b'"' | b'\\');
            inner.bytes().all(readable).then_some(text)
        }
        None => is_plain(text).then_some(text),
    }
}

/// One mailbox (`alice@example.org`), or every mailbox of a host (`@example.org`).
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct MailboxPattern {
    local_part: Option<Box<str>>,
    /// In lower case.
    host: Box<str>,
}

impl MailboxPattern {
    /// What has to stand before the at sign; `None` where anything may.
    pub fn local_part(&self) -> Option<&str> {
        self.local_part.as_deref()
    }

    /// The host that the mailbox has to be at, in lower case.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether `address` matches. What is not a [`Mailbox`] never does.
    pub fn matches(&self, address: &str) -> bool {
        Mailbox::parse(address).is_some_and(|mailbox| self.matches_mailbox(mailbox))
    }

    /// Whether a mailbox matches.
    pub fn matches_mailbox(&self, mailbox: Mailbox<'_>) -> bool {
        let wanted = self.local_part();
        wanted.is_none_or(|wanted| wanted == mailbox.local_part)
            && mailbox.host.eq_ignore_ascii_case(&self.host)
    }
}

impl FromStr for MailboxPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (local_part, host) = match text.strip_prefix('@') {
            Some(host) if is_host_name(host) => (None, host),
            Some(_) => return Err(PatternError::Mailbox),
            None => {
                let mailbox = Mailbox::parse(text).ok_or(PatternError::Mailbox)?;
                (Some(mailbox.local_part.into()), mailbox.host)
            }
        };
        Ok(Self {
            local_part,
            host: host.to_ascii_lowercase().into(),
        })
    }
}

impl fmt::Display for MailboxPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local_part = self.local_part().unwrap_or_default();
        write!(f, "{local_part}@{}", self.host)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_host_is_compared_without_case_and_the_local_part_with_it() {
        for (pattern, address, matches) in [
            ("alice@example.org", "alice@example.org", true),
            ("alice@Example.org", "alice@EXAMPLE.org", true),
            ("alice@example.org", "Alice@example.org", false),
            ("alice@example.org", "alice@example.org.evil", false),
            ("alice@example.org", "alice@a.example.org", false),
            ("alice@example.org", "\"alice\"@example.org", true),
            ("\"alice\"@example.org", "alice@example.org", true),
            ("alice@example.org", "\"al\\ice\"@example.org", false),
            ("@example.org", "alice@example.org", true),
            ("@example.org", "\"a@b\"@example.org", true),
            ("@example.org", "@example.org", false),
            ("@example.org", "a@b@example.org", false),
            ("@example.org", "a b@example.org", false),
            ("@example.org", "alice@a.example.org", false),
            ("@example.org", "example.org", false),
        ] {
            let read: MailboxPattern = pattern.parse().unwrap();
            assert_eq!(read.matches(address), matches, "{pattern} {address}");
        }
    }

    #[test]
    fn mailboxes_are_equal_that_differ_in_the_case_of_the_host_and_in_quotes_alone() {
        for (one, other, same) in [
            ("alice@example.org", "alice@EXAMPLE.org", true),
            ("alice@example.org", "\"alice\"@example.org", true),
            ("alice@example.org", "Alice@example.org", false),
            ("alice@example.org", "alice@example.com", false),
        ] {
            let (left, right) = (Mailbox::parse(one), Mailbox::parse(other));
            assert!(left.is_some(), "{one}");
            assert_eq!(left == right, same, "{one} {other}");
        }
    }

    #[test]
    fn a_mailbox_has_one_at_sign_outside_of_quotes() {
        for (address, parts) in [
            ("a@b", Some(("a", "b"))),
            ("\"a@b\"@c.d", Some(("\"a@b\"", "c.d"))),
            ("\"a.b\"@c", Some(("a.b", "c"))),
            ("a\"b@c", None),
            ("\"a\".b@c", None),
            ("a\\b@c", None),
            ("\"a\\b\"@c", None),
            ("\"a b\"@c", Some(("\"a b\"", "c"))),
            ("\"a\tb\"@c", None),
            ("\"å b\"@c", None),
            ("\"\"@c", Some(("\"\"", "c"))),
            ("a@b@c", None),
            ("\"a\"@\"b\"@c", None),
            ("@c", None),
            ("a@", None),
            ("a@b.", None),
            ("a@-b", None),
            ("a", None),
            ("å@b", None),
        ] {
            let read = Mailbox::parse(address).map(|read| (read.local_part(), read.host()));
            assert_eq!(read, parts, "{address}");
        }
    }

    #[test]
    fn a_pattern_is_a_mailbox_or_an_at_sign_and_a_host() {
        for (text, printed) in [("a@B", "a@b"), ("@B.c", "@b.c")] {
            let read: MailboxPattern = text.parse().unwrap();
            assert_eq!(read.to_string(), printed);
        }
        for text in ["", "@", "a", "a@", "a@b@c", "*@b", "a@*.b", "@*.b", "å@b"] {
            let read = text.parse::<MailboxPattern>();
            let stars = text.starts_with('*');
            assert_eq!(read.is_ok(), stars, "{text}");
        }
        // A star is a character like any other in a local part.
        assert!(!"*@b".parse::<MailboxPattern>().unwrap().matches("a@b"));
    }
}
