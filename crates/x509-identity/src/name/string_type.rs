//! The ASN.1 string types.

use std::borrow::Cow;
use std::fmt;

/// The ASN.1 types that hold text in names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StringType {
    /// BMPString: UTF-16, big-endian. Surrogates have to come in pairs.
    Bmp,
    /// IA5String: ASCII.
    Ia5,
    /// NumericString: digits and space.
    Numeric,
    /// PrintableString: letters, digits, space and `'()+,-./:=?`, and also `*` and `&`, which
    /// are wrong but common.
    Printable,
    /// TeletexString (T61String), read as ISO 8859-1: what issuers that use it mean by it.
    Teletex,
    /// UniversalString: UTF-32, big-endian.
    Universal,
    /// UTF8String.
    Utf8,
    /// VisibleString: printable ASCII.
    Visible,
}

impl StringType {
    const ALL: [Self; 8] = [
        Self::Bmp,
        Self::Ia5,
        Self::Numeric,
        Self::Printable,
        Self::Teletex,
        Self::Universal,
        Self::Utf8,
        Self::Visible,
    ];

    /// The identifier octet (X.680 8.4).
    pub(super) fn tag(self) -> u8 {
        match self {
            Self::Bmp => 0x1e,
            Self::Ia5 => 0x16,
            Self::Numeric => 0x12,
            Self::Printable => 0x13,
            Self::Teletex => 0x14,
            Self::Universal => 0x1c,
            Self::Utf8 => 0x0c,
            Self::Visible => 0x1a,
        }
    }

    pub(super) fn from_tag(tag: u8) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|string_type| string_type.tag() == tag)
    }

    pub(super) fn decode(self, content: &[u8]) -> Option<String> {
        let text = match self {
            Self::Bmp => {
                let (units, rest) = content.as_chunks::<2>();
                let units = units.iter().copied().map(u16::from_be_bytes);
                let text: String = char::decode_utf16(units).collect::<Result<_, _>>().ok()?;
                rest.is_empty().then_some(text)?
            }
            Self::Universal => {
                let (points, rest) = content.as_chunks::<4>();
                let points = points.iter().copied().map(u32::from_be_bytes);
                let text: String = points.map(char::from_u32).collect::<Option<_>>()?;
                rest.is_empty().then_some(text)?
            }
            Self::Teletex => content.iter().copied().map(char::from).collect(),
            Self::Ia5 | Self::Numeric | Self::Printable | Self::Utf8 | Self::Visible => {
                str::from_utf8(content).ok()?.to_owned()
            }
        };
        Some(text)
    }

    /// Whether every character that the type has a place for is ASCII.
    pub(super) fn is_ascii_subset(self) -> bool {
        matches!(
            self,
            Self::Ia5 | Self::Numeric | Self::Printable | Self::Visible
        )
    }

    /// The content octets for `text`, which the type must hold.
    pub(super) fn encode(self, text: &str) -> Cow<'_, [u8]> {
        match self {
            Self::Bmp => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            Self::Universal => text
                .chars()
                .flat_map(|c| u32::from(c).to_be_bytes())
                .collect(),
            Self::Teletex => text.chars().filter_map(|c| u8::try_from(c).ok()).collect(),
            Self::Ia5 | Self::Numeric | Self::Printable | Self::Utf8 | Self::Visible => {
                Cow::Borrowed(text.as_bytes())
            }
        }
    }

    /// Whether every character of `text` has a place in the type.
    pub(super) fn holds(self, text: &str) -> bool {
        match self {
            Self::Bmp | Self::Universal | Self::Utf8 => true,
            Self::Ia5 => text.is_ascii(),
            Self::Numeric => text.bytes().all(|c| c.is_ascii_digit() || c == b' '),
            Self::Printable => text
                .bytes()
                .all(|c| c.is_ascii_alphanumeric() || b" '()+,-./:=?*&".contains(&c)),
            Self::Teletex => text.chars().all(|c| u32::from(c) <= 0xff),
            Self::Visible => text.bytes().all(|c| (b' '..=b'~').contains(&c)),
        }
    }
}

impl fmt::Display for StringType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bmp => "BMPString",
            Self::Ia5 => "IA5String",
            Self::Numeric => "NumericString",
            Self::Printable => "PrintableString",
            Self::Teletex => "TeletexString",
            Self::Universal => "UniversalString",
            Self::Utf8 => "UTF8String",
            Self::Visible => "VisibleString",
        })
    }
}
