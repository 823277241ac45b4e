//! From the bytes of a file to text in which markers can be found.

use zeroize::{Zeroize as _, Zeroizing};

use super::error::PemError;

/// The file as UTF-8 or anything that contains ASCII as itself, such as Latin-1.
///
/// UTF-16 is what PowerShell writes to a file, and appends to one (`>>`) whatever that is. A byte order mark of UTF-8
/// needs no care: it is text before the first section.
pub(super) fn text(bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, PemError> {
    let (units, read): (_, ReadUnit) = match bytes {
        [0xff, 0xfe, units @ ..] => (units, u16::from_le_bytes),
        [0xfe, 0xff, units @ ..] => (units, u16::from_be_bytes),
        // Without a mark: both octets of a letter are to be where they are in the first character, too.
        [0, _, ..] if wide_begin(bytes).is_some_and(|at| at % 2 == 1) => {
            (bytes, u16::from_be_bytes)
        }
        [_, 0, ..] if wide_begin(bytes).is_some_and(|at| at % 2 == 0) => {
            (bytes, u16::from_le_bytes)
        }
        _ if wide_begin(bytes).is_some() => return Err(PemError::PartlyUtf16),
        _ => return Ok(Zeroizing::new(bytes.to_vec())),
    };
    if has(bytes, b"--BEGIN ") {
        return Err(PemError::PartlyUtf16);
    }
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

/// Where `BEGIN` is written in UTF-16, in either order of octets.
fn wide_begin(bytes: &[u8]) -> Option<usize> {
    const BEGIN: &[u8] = b"B\0E\0G\0I\0N";
    // No text in another encoding has a NUL, and that there is none is known soonest.
    if !bytes.contains(&0) {
        return None;
    }
    bytes.windows(BEGIN.len()).position(|it| it == BEGIN)
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|it| it == part)
}
