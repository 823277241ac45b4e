//! Words of findings and facts.

/// An error's lower-case clause as a sentence.
pub(crate) fn sentence(clause: &str) -> String {
    let mut letters = clause.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    // A name or a word of code keeps its case.
    let is_word = clause
        .split_whitespace()
        .next()
        .is_some_and(|word| word.chars().all(char::is_alphabetic));
    match first {
        Some(first) if is_word => format!("{first}{}.", letters.as_str()),
        _ => format!("{clause}."),
    }
}

/// An error as a sentence, its cause in brackets.
pub(crate) fn with_cause(error: &impl std::error::Error) -> String {
    let what = sentence(&error.to_string());
    match error.source() {
        Some(cause) => format!("{} ({cause}).", what.trim_end_matches('.')),
        None => what,
    }
}

/// A moment as people and logs write it.
pub(crate) fn moment(time: time::OffsetDateTime) -> String {
    let format =
        time::macros::format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");
    time.to_offset(time::UtcOffset::UTC)
        .format(format)
        .unwrap_or_else(|_| time.to_string())
}
