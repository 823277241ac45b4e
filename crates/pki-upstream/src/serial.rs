//! Serial numbers as upstreams write them.

use x509_identity::SerialNumber;

/// `17:67:16:b0`.
pub(crate) fn with_colons(serial: &SerialNumber) -> String {
    let digits = serial.to_string().to_ascii_lowercase();
    let padded = match digits.len() % 2 {
        0 => digits,
        _ => format!("0{digits}"),
    };
    let pairs = padded.as_bytes().chunks(2).map(String::from_utf8_lossy);
    pairs.collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn pairs_of_digits_have_colons_between() {
        for (serial, text) in [("1F", "1f"), ("A01F3", "0a:01:f3"), ("00A1", "a1")] {
            let serial: SerialNumber = serial.parse().unwrap();
            assert_eq!(with_colons(&serial), text);
        }
    }
}
