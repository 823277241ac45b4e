use const_oid::ObjectIdentifier;

use crate::StringType;

/// Why bytes are not a certificate or a name that can be represented exactly.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// A character that no such value may hold, such as a line feed in a dNSName.
    #[error("{what} contains the control character U+{code:04X}")]
    ControlCharacter {
        /// The field that holds it.
        what: &'static str,
        /// The code point of the character.
        code: u32,
    },

    /// The bytes are not DER, or not the structure that belongs there.
    ///
    /// This is also the error for an object identifier that `const-oid` cannot represent: one of
    /// more than 39 octets, with an arc above 2^32 - 1, or with a second arc above 39. As an
    /// extended key usage, or as the type of an extension that is not critical, such an identifier
    /// is skipped.
    #[error("{what} is not well-formed DER")]
    Der {
        /// The structure that was being read.
        what: &'static str,
        /// The position and the reason.
        #[source]
        source: der::Error,
    },

    /// A text that is not a number in hexadecimal.
    #[error("{what} is not hexadecimal: 0-9 and A-F, with or without colons")]
    Hexadecimal {
        /// What it should be.
        what: &'static str,
    },

    /// One relative distinguished name holds the same attribute twice (X.501 9.3).
    #[error("attribute {0} is given twice in one relative distinguished name")]
    DuplicateAttribute(ObjectIdentifier),

    /// An extension appears more than once (RFC 5280 4.2).
    #[error("extension {0} appears more than once")]
    DuplicateExtension(ObjectIdentifier),

    /// A NUL, which software written in C takes for the end of the value.
    #[error("{what} contains a NUL character")]
    EmbeddedNul {
        /// The field that holds it.
        what: &'static str,
    },

    /// A list or a value that must not be empty is.
    #[error("{what} is empty")]
    Empty {
        /// The field.
        what: &'static str,
    },

    /// Extensions in a version 1 or version 2 certificate (RFC 5280 4.1.2.9).
    #[error("a version {0} certificate carries extensions")]
    ExtensionsBeforeV3(u8),

    /// An IP address that has neither 4 nor 16 octets (RFC 5280 4.2.1.6).
    #[error("IP address of {0} octets in the subject alternative names")]
    IpAddressLength(usize),

    /// A PEM file without what was looked for.
    #[error("there is no certificate in it: what is there is {found}")]
    NoCertificate {
        /// What it holds, in words.
        found: String,
    },

    /// A PEM file that cannot be read.
    #[error("it cannot be read as PEM")]
    Pem(#[from] crate::pem::PemError),

    /// Text that is not a distinguished name (RFC 4514 section 3).
    #[error("not a distinguished name at byte {offset}: {reason}")]
    NameSyntax {
        /// Where in the text, in bytes.
        offset: usize,
        /// What is wrong there.
        reason: &'static str,
    },

    /// The algorithm inside the signed part is not the one named beside the signature
    /// (RFC 5280 4.1.1.2).
    #[error("the signed part names another signature algorithm than the signature")]
    SignatureAlgorithmMismatch,

    /// Octets that the declared string type cannot hold.
    #[error("{what} is not a valid {string_type}")]
    StringEncoding {
        /// The field that holds them.
        what: &'static str,
        /// The string type that was declared.
        string_type: StringType,
    },

    /// A validity date that is not a UTCTime or GeneralizedTime in the form of RFC 5280 4.1.2.5, or
    /// that is not a possible date.
    #[error(
        "{what} is `{found}`, which is not a time in the form YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ: without fractions of a \
         second, with seconds, and in UTC (RFC 5280 section 4.1.2.5)"
    )]
    Time {
        /// `notBefore` or `notAfter`.
        what: &'static str,
        /// What is there, with anything but printable ASCII escaped, and cut off where it is long.
        found: String,
    },

    /// More octets than this crate reads.
    #[error("{what} has {len} bytes; the limit is {limit}")]
    TooLong {
        /// The input.
        what: &'static str,
        /// Its length.
        len: usize,
        /// The longest that is read.
        limit: usize,
    },

    /// More elements than this crate reads.
    #[error("more than {limit} {what}")]
    TooMany {
        /// The elements, in the plural.
        what: &'static str,
        /// The largest number that is read.
        limit: usize,
    },

    /// Another element than the one that belongs there.
    #[error("{what} has tag {found:#04x} where {expected:#04x} belongs")]
    UnexpectedTag {
        /// The structure that was being read.
        what: &'static str,
        /// The identifier octet that belongs there.
        expected: u8,
        /// The identifier octet that is there.
        found: u8,
    },

    /// Elements after the end of a structure.
    #[error("data after the end of {what}")]
    TrailingData {
        /// The structure.
        what: &'static str,
    },

    /// A version other than 1, 2 and 3.
    #[error("unknown certificate version")]
    Version,
}
