//! Text where DER belongs.

use super::error::ReadError;

/// Names a file that is PEM or base64, which BER would only say is not BER.
pub(crate) fn refuse(file: &[u8]) -> Result<(), ReadError> {
    let text = file.strip_prefix(BYTE_ORDER_MARK).unwrap_or(file);
    let text = text.trim_ascii_start();
    if let Some(rest) = text.strip_prefix(b"-----BEGIN ") {
        return Err(ReadError::Pem { label: label(rest) });
    }
    // A SEQUENCE of 256 octets or more begins with these letters.
    let is_base64 = |octet: &u8| {
        octet.is_ascii_alphanumeric() || b"+/=".contains(octet) || octet.is_ascii_whitespace()
    };
    if text.starts_with(b"MI") && text.iter().all(is_base64) {
        return Err(ReadError::Base64);
    }
    Ok(())
}

/// Up to the dashes: letters, digits and spaces, and no more of them than a label has.
fn label(text: &[u8]) -> String {
    text.iter()
        .take(LONGEST_LABEL)
        .take_while(|octet| octet.is_ascii_alphanumeric() || **octet == b' ')
        .map(|octet| char::from(*octet))
        .collect()
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
const LONGEST_LABEL: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_named_and_der_is_not_text() {
        let refused = |file: &[u8]| refuse(file).map_err(|error| error.to_string());
        for file in [&b"0\x82\x04\0"[..], b"", b"MIIB\0", b"0-----BEGIN X-----"] {
            assert_eq!(refused(file), Ok(()));
        }
        for (file, found) in [
            (
                &b"-----BEGIN CERTIFICATE-----\nMIIB"[..],
                "PEM text (CERTIFICATE)",
            ),
            (
                b"\xEF\xBB\xBF\r\n-----BEGIN PKCS12-----",
                "PEM text (PKCS12)",
            ),
            (b"MIIKQwIBAz\r\nCC=\n", "base64"),
        ] {
            let said = refused(file).err().unwrap_or_default();
            assert!(said.contains(found), "{said}");
        }
    }
}
