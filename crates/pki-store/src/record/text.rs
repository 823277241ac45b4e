//! Texts from outside.

/// The beginning of a text: at most so many bytes, and only whole characters.
pub(crate) fn shortened(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    let end = (0..=limit).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn no_character_is_cut_in_two() {
        for (text, limit, begins) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "abc"),
            ("", 0, ""),
            ("ä", 1, ""),
            ("aä", 2, "a"),
            ("aä", 3, "aä"),
        ] {
            assert_eq!(shortened(text, limit), begins);
        }
    }
}
