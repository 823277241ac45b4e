//! From the bytes of a file to text in which markers can be found.

use zeroize::{Zeroize as _, Zeroizing};

use super::{Found, PemError};

/// The file as UTF-8 or anything that contains ASCII as itself, such as Latin-1.
///
/// UTF-16 is what PowerShell writes to a file. A byte order mark of UTF-8 needs no care: it is text
/// before the first section.
pub(super) fn text(bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, PemError> {
    let (units, read): (_, ReadUnit) = match bytes {
        [0xff, 0xfe, units @ ..] => (units, u16::from_le_bytes),
        [0xfe, 0xff, units @ ..] => (units, u16::from_be_bytes),
        [b'-', 0, ..] => (bytes, u16::from_le_bytes),
        [0, b'-', ..] => (bytes, u16::from_be_bytes),
        _ => return Ok(Zeroizing::new(bytes.to_vec())),
    };
    let (pairs, []) = units.as_chunks::<2>() else {
        return Err(PemError::Utf16);
    };
    // One unit becomes three octets at most, so that a key in it is never moved.
    let mut text = Zeroizing::new(Vec::with_capacity(3 * pairs.len()));
    for unit in char::decode_utf16(pairs.iter().map(|pair| read(*pair))) {
        let mut octets = [0; 4];
        let character = unit.map_err(|_| PemError::Utf16)?;
        text.extend_from_slice(character.encode_utf8(&mut octets).as_bytes());
        octets.zeroize();
    }
    Ok(text)
}

/// One unit of UTF-16, in either order of octets.
type ReadUnit = fn([u8; 2]) -> u16;

/// What a file without any section is, in words.
pub(super) fn describe(text: &[u8]) -> String {
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    let visible = || text.iter().filter(|byte| !byte.is_ascii_whitespace());
    let found = Found::of(text);
    let what = if visible().next().is_none() {
        "nothing"
    } else if found != Found::Unknown {
        return found.to_string();
    } else if text
        .iter()
        .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
    {
        "text without a PEM section"
    } else {
        "neither PEM nor DER"
    };
    what.to_owned()
}
