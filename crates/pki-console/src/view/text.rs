//! Texts that somebody else has chosen.

use std::fmt::Write as _;

/// A text as a page shows it: 300 characters at most, and without characters that are not seen or that change the order of
/// others. Those are written by their numbers, `\u{202e}`. Templates escape the rest.
pub(crate) fn shown(text: &str) -> String {
    shortened(text, LONGEST)
}

/// The same with another limit.
pub(crate) fn shortened(text: &str, limit: usize) -> String {
    let mut shown = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == limit {
            shown.push('\u{2026}');
            break;
        }
        if is_hidden(character) {
            // Writing to a string does not fail.
            let _ = write!(shown, "{}", character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Control characters, and those by which Unicode changes directions or joins what is next to them.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(bytes)
}

/// A SHA-256 from the digits that a page or a program shows, with or without colons.
pub(crate) fn sha256(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b':').collect();
    base16ct::mixed::decode_vec(digits).ok()?.try_into().ok()
}

/// Characters of a text.
const LONGEST: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_written_out_and_what_is_long_is_cut() {
        assert_eq!(shown("CN=\u{fc}ber <b>"), "CN=\u{fc}ber <b>");
        assert_eq!(shown("a\u{202e}b\nc"), "a\\u{202e}b\\u{a}c");
        assert_eq!(shown(&"x".repeat(300)), "x".repeat(300));
        assert_eq!(
            shown(&"x".repeat(301)),
            format!("{}\u{2026}", "x".repeat(300))
        );
    }

    #[test]
    fn a_hash_has_64_digits() {
        let digits = "AB".repeat(32);
        assert_eq!(sha256(&digits), Some([0xab; 32]));
        assert_eq!(sha256(&["ab"; 32].join(":")), Some([0xab; 32]));
        for wrong in [
            "",
            "ab",
            &digits[1..],
            &format!("{digits}00"),
            &"\u{fc}".repeat(32),
        ] {
            assert_eq!(sha256(wrong), None, "{wrong}");
        }
    }
}
