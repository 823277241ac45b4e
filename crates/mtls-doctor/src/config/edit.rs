//! Commands that change one line of a configuration.

use std::fs;
use std::path::Path;

use crate::files::shell;

use super::read::directive::Line;
use super::settings::{Server, ServerSettings, Setting};

/// Replaces what `old` says on a line with `new`, where the line has it once.
pub(crate) fn replaced(at: &Line, old: &str, new: &str) -> Option<String> {
    let text = fs::read_to_string(at.file.as_path()).ok()?;
    let line = text.lines().nth(at.number.checked_sub(1)?)?;
    (line.matches(old).count() == 1).then(|| {
        let script = format!("{}s|{}|{}|", at.number, pattern(old), replacement(new));
        format!("sed -i {} {}", shell::word(&script), shell::path(&at.file))
    })
}

/// Adds a word to a directive that a semicolon ends.
pub(crate) fn appended(at: &Line, word: &str) -> Option<String> {
    replaced(at, ";", &format!("{word};"))
}

/// Adds a line behind another one, indented like it.
pub(crate) fn added(behind: &Line, new: &str) -> Option<String> {
    let text = fs::read_to_string(behind.file.as_path()).ok()?;
    let line = text.lines().nth(behind.number.checked_sub(1)?)?;
    let indent: String = line
        .chars()
        .take_while(|letter| letter.is_whitespace())
        .collect();
    // With `a\`, GNU sed keeps the blanks in front of the text.
    let script = format!("{}a\\{indent}{new}", behind.number);
    Some(format!(
        "sed -i {} {}",
        shell::word(&script),
        shell::path(&behind.file)
    ))
}

/// Sets a directive of nginx or Apache: changes the line where it stands, or adds one behind the certificate's.
pub(crate) fn set<T>(
    settings: &ServerSettings,
    setting: &Setting<T>,
    name: &str,
    value: &str,
) -> Option<String> {
    let end = match settings.server {
        Server::Nginx => ";",
        Server::Apache => "",
        _ => return None,
    };
    let new = format!("{name} {value}{end}");
    if !setting.is_written {
        let behind = settings
            .certificate
            .as_ref()
            .map_or(&settings.at, |certificate| &certificate.at);
        return added(behind, &new);
    }
    let text = fs::read_to_string(setting.at.file.as_path()).ok()?;
    let line = text.lines().nth(setting.at.number.checked_sub(1)?)?;
    let code = line.split('#').next()?.trim();
    let alone =
        code.split_whitespace().next() == Some(name) && code.matches(';').count() == end.len();
    alone.then(|| replaced(&setting.at, code, &new))?
}

/// A path as a configuration has it: whole, so that it does not matter where the server is started.
pub(crate) fn whole(path: &Path) -> String {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    path.display().to_string()
}

/// For sed's basic regular expressions, between `|`.
fn pattern(text: &str) -> String {
    let mut pattern = String::new();
    for letter in text.chars() {
        if matches!(letter, '\\' | '.' | '*' | '[' | ']' | '^' | '$' | '|') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern
}

fn replacement(text: &str) -> String {
    let mut replacement = String::new();
    for letter in text.chars() {
        if matches!(letter, '\\' | '&' | '|') {
            replacement.push('\\');
        }
        replacement.push(letter);
    }
    replacement
}
