use time::{Date, Month, OffsetDateTime, Time};

use crate::ParseError;
use crate::tlv::Tlv;

/// Reads one `Time` of a certificate's validity.
///
/// Only the two forms of RFC 5280 4.1.2.5 are read: `YYMMDDHHMMSSZ` (1950 to 2049) and
/// `YYYYMMDDHHMMSSZ`. `der` decodes both too, but only from 1970 on.
pub(crate) fn parse_time(tlv: Tlv<'_>, what: &'static str) -> Result<OffsetDateTime, ParseError> {
    decode_time(tlv).ok_or_else(|| {
        let found = shown_time(tlv.value);
        ParseError::Time { what, found }
    })
}

/// The text of a time that is not one, for a sentence about it: printable, and not long.
fn shown_time(text: &[u8]) -> String {
    let shown = text.get(..LONGEST_SHOWN).unwrap_or(text);
    shown.escape_ascii().to_string()
}

fn decode_time(tlv: Tlv<'_>) -> Option<OffsetDateTime> {
    let (year, rest) = match (tlv.tag, tlv.value.len()) {
        (UTC_TIME, 13) => {
            let (year, rest) = tlv.value.split_at_checked(2)?;
            let year = number(year)?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        (GENERALIZED_TIME, 15) => {
            let (year, rest) = tlv.value.split_at_checked(4)?;
            (number(year)?, rest)
        }
        _ => return None,
    };
    let (digits, zone) = rest.split_at_checked(10)?;
    if zone != b"Z" {
        return None;
    }
    let mut pairs = digits
        .chunks_exact(2)
        .map(|pair| number(pair).and_then(|n| u8::try_from(n).ok()));
    let mut pair = || pairs.next().flatten();
    let date =
        Date::from_calendar_date(i32::from(year), Month::try_from(pair()?).ok()?, pair()?).ok()?;
    let time = Time::from_hms(pair()?, pair()?, pair()?).ok()?;
    Some(OffsetDateTime::new_utc(date, time))
}

fn number(digits: &[u8]) -> Option<u16> {
    digits.iter().try_fold(0u16, |sum, digit| {
        digit
            .is_ascii_digit()
            .then(|| sum * 10 + u16::from(digit - b'0'))
    })
}

/// `20261124120000.123456+0100`, and a little more.
const LONGEST_SHOWN: usize = 32;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
