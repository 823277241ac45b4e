//! Why a text is not a pattern.

use std::fmt;

/// Why a text is not a pattern. `Display` says what a pattern of that kind looks like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PatternError {
    /// Neither an IP address nor a network.
    Address,
    /// Not a host name, nor one with `*.` or `.` in front of it.
    Dns,
    /// A network whose address has bits beyond the prefix, such as `10.0.0.1/8`.
    HostBits,
    /// Not a mailbox, nor `@` and a host name.
    Mailbox,
    /// A URI with a space, a control character or a character beyond ASCII.
    NotAscii,
    /// A URI that can be read in more than one way: see [`NormalUri`](super::NormalUri).
    NotNormal,
    /// A URI with a segment that is `.` or `..`, in whatever spelling.
    RelativeSegment,
    /// A URI that does not start with a scheme.
    Scheme,
    /// A SPIFFE ID whose path has an empty segment, or a character that no path has.
    SpiffePath,
    /// A SPIFFE ID with a wildcard, or another character that does not belong there, in its trust domain.
    SpiffeTrustDomain,
    /// Not a SPIFFE ID with a path.
    SpiffeId,
    /// `**` that does not stand between slashes, or stands before the path.
    Wildcard,
}

impl PatternError {
    /// What the text has to be, for people: a clause such as "it must be a host name".
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Address => "it must be an address or a network, such as 10.0.0.0/8",
            Self::Dns => {
                "it must be a host name (A-labels, no dot at the end), whose first label may be *"
            }
            Self::HostBits => "it has bits beyond the prefix: is the length right?",
            Self::Mailbox => "it must be a mailbox in ASCII, such as alice@example.com",
            Self::NotAscii => "a URI is ASCII without spaces; write other characters as %XX",
            Self::NotNormal => {
                "it can be read in more than one way: a URI has no user information, no backslash, no %2F \
                 or %5C, two hexadecimal digits after each %, and a host without a dot at the end"
            }
            Self::RelativeSegment => "relative segments (. and ..) match nothing",
            Self::Scheme => "it must start with a scheme, such as spiffe: or https:",
            Self::SpiffePath => "a path has segments of A-Z a-z 0-9 . - _ and *, none empty",
            Self::SpiffeTrustDomain => {
                "the trust domain must be one, without wildcards: a-z, 0-9, . - _"
            }
            Self::SpiffeId => {
                "it must read spiffe://trust-domain/path; /** at the end is every workload of it"
            }
            Self::Wildcard => "** stands for whole segments of the path, between slashes",
        }
    }
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

impl std::error::Error for PatternError {}
