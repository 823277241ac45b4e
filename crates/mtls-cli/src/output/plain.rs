//! Text in which nothing is left that a terminal obeys.

use x509_identity::reorders_a_line;

/// JSON in which every control character is escaped, and every character that reorders a line: serde escapes those of ASCII
/// alone, and some terminals obey the others.
pub(crate) fn printable(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        // Between strings there are none but line feeds.
        if c != '\n' && (c.is_control() || reorders_a_line(c)) {
            text.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            text.push(c);
        }
    }
    text
}

/// Text for people, without a character that a terminal obeys: those are shown by their numbers. Line feeds stay.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => plain.push(c),
            c if c.is_control() || reorders_a_line(c) => plain.extend(c.escape_unicode()),
            c => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn text_for_people_shows_what_a_terminal_would_obey() {
        let name = "x\u{1b}[2J\u{202e} é\n日本\r";
        assert_eq!(plain(name), "x\\u{1b}[2J\\u{202e} é\n日本\\u{d}");
    }

    #[test]
    fn json_has_no_character_that_a_terminal_obeys() {
        let name = "x\u{1b}[2J\u{9b}31m\u{202e}\u{2028}\u{7f} é\n\"日本\"";
        let json = serde_json::to_string_pretty(&[name]).unwrap();
        let text = printable(&json);
        assert!(
            text.contains(r"\u001b[2J\u009b31m\u202e\u2028\u007f é\n"),
            "{text}"
        );
        let mut lines = text.lines().flat_map(str::chars);
        assert!(!lines.any(|c| c.is_control() || reorders_a_line(c)));
        // It is the same value.
        assert_eq!(serde_json::from_str::<[String; 1]>(&text).unwrap(), [name]);
    }
}
