//! CBOR as WebAuthn has it: maps of a definite length, no key twice, nothing behind the value.

use minicbor::Decoder;
use minicbor::decode::Error;

/// Calls `read` for each key of a map, which has to consume the value.
pub(super) fn each_key<'b, F>(decoder: &mut Decoder<'b>, mut read: F) -> Result<(), Error>
where
    F: FnMut(&'b str, &mut Decoder<'b>) -> Result<(), Error>,
{
    let entries = decoder.map()?;
    let entries = entries.ok_or_else(|| Error::message("a map of indefinite length"))?;
    let mut seen: Vec<&str> = Vec::new();
    for _ in 0..entries {
        let key = decoder.str()?;
        if seen.contains(&key) {
            return Err(Error::message("a key of a map is there twice"));
        }
        if seen.len() == MOST_KEYS {
            return Err(Error::message("a map has too many keys"));
        }
        seen.push(key);
        read(key, decoder)?;
    }
    Ok(())
}

/// No structure here has more than three; unknown ones are skipped.
const MOST_KEYS: usize = 32;

/// A value that has to be there.
pub(super) fn required<T>(value: Option<T>, key: &'static str) -> Result<T, Error> {
    value.ok_or_else(|| Error::message(format_args!("`{key}` is missing")))
}

/// Whether all was consumed.
pub(super) fn end(decoder: &Decoder<'_>) -> Result<(), Error> {
    match decoder.position() == decoder.input().len() {
        true => Ok(()),
        false => Err(Error::message("something follows the value")),
    }
}

/// How many certificates an array has, and the first `most` of them: what is beyond is counted, and not kept.
pub(super) fn certificates<'a>(
    decoder: &mut Decoder<'a>,
    most: u64,
) -> Result<(u64, Vec<&'a [u8]>), Error> {
    let count = decoder.array()?;
    let count = count.ok_or_else(|| Error::message("an array of indefinite length"))?;
    let mut certificates = Vec::new();
    for index in 0..count {
        let certificate = decoder.bytes()?;
        if index < most {
            certificates.push(certificate);
        }
    }
    Ok((count, certificates))
}
