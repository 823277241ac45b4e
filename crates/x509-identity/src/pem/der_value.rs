//! Files that are DER and not PEM.

use der::{Reader as _, SliceReader};

use super::{encoding, scan};

/// Whether a file is DER and not PEM: it begins with a SEQUENCE, as certificates, CRLs, requests and
/// keys do.
#[must_use]
pub fn is_der(bytes: &[u8]) -> bool {
    const SEQUENCE: u8 = 0x30;
    bytes.first() == Some(&SEQUENCE)
}

/// The one DER value that a file begins with. A line break or a NUL behind it, which editors and
/// shells add, is left out.
///
/// All of the file where it does not begin with a whole value, or where another one follows, in DER
/// or in PEM, for whoever reads it to say so.
#[must_use]
pub fn der_value(bytes: &[u8]) -> &[u8] {
    let first = SliceReader::new(bytes).and_then(|mut reader| reader.tlv_bytes());
    match first {
        Ok(value) if is_filling(&bytes[value.len()..]) => value,
        _ => bytes,
    }
}

/// Whether nothing follows a value that anybody could miss.
fn is_filling(bytes: &[u8]) -> bool {
    let spans = || encoding::text(bytes).and_then(|text| scan::spans(&text));
    let is_pem = || spans().map_or(true, |spans| !spans.is_empty());
    !is_der(bytes.trim_ascii_start()) && !is_pem()
}
