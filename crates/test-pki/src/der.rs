//! DER, element by element, for certificates and CRLs that rcgen will not make.
//!
//! Nothing here checks anything: what comes out is as right or wrong as what went in.

use rcgen::SigningKey;

/// One element: tag, length and content.
pub fn tlv(tag: u8, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    let mut element = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short @ 0..0x80) => element.push(short),
        _ => {
            let length = content.len().to_be_bytes();
            let zeros = length.iter().take_while(|byte| **byte == 0).count();
            let length = &length[zeros..];
            element.push(0x80 | length.len() as u8);
            element.extend(length);
        }
    }
    element.extend(content);
    element
}

/// An Extension (RFC 5280 section 4.2) of this object identifier, which is given as its content octets.
pub fn extension(oid: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical {
        tlv(0x01, [0xFF])
    } else {
        Vec::new()
    };
    tlv(0x30, [tlv(0x06, oid), critical, tlv(0x04, value)].concat())
}

/// What is inside of the first element.
///
/// # Panics
///
/// If that is not all there, or its tag is of more than one byte.
pub fn content(der: &[u8]) -> &[u8] {
    let (start, end) = bounds(der);
    &der[start..end]
}

/// The elements one after the other, each with its tag and length.
///
/// # Panics
///
/// If the last one is not all there, or a tag is of more than one byte.
pub fn fields(mut der: &[u8]) -> Vec<Vec<u8>> {
    let mut fields = Vec::new();
    while !der.is_empty() {
        let (_, end) = bounds(der);
        fields.push(der[..end].to_vec());
        der = &der[end..];
    }
    fields
}

/// Takes the signed fields of a certificate, CRL or request apart, lets them be changed, and signs them with `key`.
///
/// The algorithm beside the signature stays the one that it was, also where `key` is of another kind.
///
/// # Panics
///
/// If `der` is none of these.
pub fn rewrite(
    der: &[u8],
    key: &impl SigningKey,
    change: impl FnOnce(&mut Vec<Vec<u8>>),
) -> Vec<u8> {
    let outer = fields(content(der));
    let mut signed = fields(content(&outer[0]));
    change(&mut signed);
    let signed = tlv(0x30, signed.concat());
    let signature = key.sign(&signed).expect("the key signs");
    let signature = tlv(0x03, [vec![0], signature].concat());
    tlv(0x30, [signed, outer[1].clone(), signature].concat())
}

/// Where the content of the first element begins and ends.
fn bounds(der: &[u8]) -> (usize, usize) {
    match der[1] {
        short if short < 0x80 => (2, 2 + usize::from(short)),
        long => {
            let start = 2 + usize::from(long & 0x7F);
            let length = der[2..start]
                .iter()
                .fold(0, |length, byte| length << 8 | usize::from(*byte));
            (start, start + length)
        }
    }
}
