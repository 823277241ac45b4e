//! Commands that change one line of a configuration.

use std::fs;
use std::path::Path;

use crate::files::shell;

use super::read::directive::Line;
use super::read::text_of;
use super::settings::{Server, ServerSettings, Setting};

/// Replaces what `old` says on a line with `new`, where the line has it once.
pub(crate) fn replaced(at: &Line, old: &str, new: &str) -> Option<String> {
    (line(at)?.matches(old).count() == 1).then(|| {
        let script = format!("{}s|{}|{}|", at.number, pattern(old), replacement(new));
        format!("sed -i {} {}", shell::word(&script), shell::path(&at.file))
    })
}

/// Adds a word to a directive that a semicolon ends.
pub(crate) fn appended(at: &Line, word: &str) -> Option<String> {
    replaced(at, ";", &format!("{word};"))
}

/// Adds a mark behind what a line says, in front of its comment.
pub(crate) fn ended(at: &Line, mark: &str) -> Option<String> {
    let line = line(at)?;
    let code = line.split('#').next()?.trim();
    (!code.is_empty()).then(|| replaced(at, code, &format!("{code}{mark}")))?
}

/// Takes words out of a line.
pub(crate) fn removed(at: &Line, words: &[&str]) -> Option<String> {
    let line = line(at)?;
    let scripts: Option<Vec<String>> = words
        .iter()
        .map(|word| {
            let word = format!(" {word}");
            (line.matches(&word).count() == 1)
                .then(|| format!("{}s|{}||", at.number, pattern(&word)))
        })
        .collect();
    let script = shell::word(&scripts?.join(";"));
    Some(format!("sed -i {script} {}", shell::path(&at.file)))
}

/// Takes the rest of a line out, from where this word begins, with the blanks in front of it.
pub(crate) fn cut(at: &Line, from: &str) -> Option<String> {
    let line = line(at)?;
    let (before, _) = line.split_once(from)?;
    let kept = before.trim_end();
    replaced(at, &line[kept.len()..], "").filter(|_| !kept.is_empty())
}

/// Takes a line out.
pub(crate) fn deleted(at: &Line) -> String {
    format!("sed -i {}d {}", at.number, shell::path(&at.file))
}

/// Whether a line begins with this word.
pub(crate) fn begins(at: &Line, word: &str) -> bool {
    line(at).is_some_and(|line| line.split_whitespace().next() == Some(word))
}

/// Replaces all that a line says in front of its comment.
pub(crate) fn changed(at: &Line, new: &str) -> Option<String> {
    let line = line(at)?;
    let code = line.split('#').next()?.trim();
    (!code.is_empty()).then(|| replaced(at, code, new))?
}

/// Takes a line out that has nothing but this directive.
pub(crate) fn deleted_alone(at: &Line, name: &str) -> Option<String> {
    let line = line(at)?;
    let rest = line.trim().strip_prefix(name)?;
    let is_whole = !rest.contains(['{', '}', ';']) && (!rest.contains('[') || rest.contains(']'));
    (is_whole && !rest.trim_start_matches(':').trim().is_empty()).then(|| deleted(at))
}

/// Adds a line behind another one, indented like it.
pub(crate) fn added(behind: &Line, new: &str) -> Option<String> {
    let indent: String = line(behind)?
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

/// Adds a line behind another one, in which `begin` and `end` are around what a command prints.
fn added_by(behind: &Line, begin: &str, command: &str, end: &str) -> Option<String> {
    let indent: String = line(behind)?
        .chars()
        .take_while(|letter| letter.is_whitespace())
        .collect();
    Some(format!(
        "sed -i \"{}a\\\\{indent}{begin}$({command}){end}\" {}",
        behind.number,
        shell::path(&behind.file)
    ))
}

/// Has nginx ask the server that the machine itself asks for addresses.
pub(crate) fn resolver(behind: &Line) -> Option<String> {
    const NAME_SERVER: &str = r#"awk '$1 == "nameserver" { print index($2, ":") ? "[" $2 "]" : $2; exit }' /etc/resolv.conf"#;
    added_by(behind, "resolver ", NAME_SERVER, ";")
}

/// The same for a key of YAML, behind another key of its map.
pub(crate) fn added_key(behind: &Line, new: &str) -> Option<String> {
    let is_key = line(behind)?
        .trim_start()
        .starts_with(|letter: char| letter != '-' && letter != '{');
    is_key.then(|| added(behind, new))?
}

/// The same where that key may be the first of an item of a list, and its value is on its line.
pub(crate) fn added_beside(behind: &Line, key: &str, new: &str) -> Option<String> {
    let line = line(behind)?;
    let code = line.trim_start();
    let first = code.strip_prefix("- ");
    let is_key = first.unwrap_or(code).starts_with(&format!("{key}:"));
    let inner = if first.is_some() { "  " } else { "" };
    is_key.then(|| added(behind, &format!("{inner}{new}")))?
}

/// Replaces all that say `old` on a line.
pub(crate) fn everywhere(at: &Line, old: &str, new: &str) -> String {
    let script = format!("{}s|{}|{}|g", at.number, pattern(old), replacement(new));
    format!("sed -i {} {}", shell::word(&script), shell::path(&at.file))
}

/// Sets a directive of nginx or Apache: changes the line where it stands, or adds one behind the certificate's.
pub(crate) fn set<T>(
    settings: &ServerSettings,
    setting: &Setting<T>,
    value: &str,
) -> Option<String> {
    let end = match settings.server {
        Server::Nginx => ";",
        Server::Apache => "",
        _ => return None,
    };
    let name = setting.name;
    let new = format!("{name} {value}{end}");
    if !setting.is_written {
        let behind = settings
            .certificate
            .as_ref()
            .map_or(&settings.at, |certificate| &certificate.at);
        return added(behind, &new);
    }
    let line = line(&setting.at)?;
    let code = line.split('#').next()?.trim();
    let alone =
        code.split_whitespace().next() == Some(name) && code.matches(';').count() == end.len();
    alone.then(|| replaced(&setting.at, code, &new))?
}

/// Names another file in the place of one that a line names.
pub(crate) fn renamed(at: &Line, old: &Path, new: &Path) -> Option<String> {
    let name = old.file_name()?.to_str()?;
    let line = line(at)?;
    let code = line.split('#').next()?;
    let ends = |letter: char| letter.is_whitespace() || "\"';{},[]".contains(letter);
    let mut words = code.split(ends);
    let written = words.find(|word| Path::new(word).file_name().is_some_and(|own| own == name))?;
    replaced(at, written, &whole(new))
}

/// A path as a configuration has it: whole, so that it does not matter where the server is started.
pub(crate) fn whole(path: &Path) -> String {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    path.display().to_string()
}

/// What a line says.
fn line(at: &Line) -> Option<String> {
    let text = text_of(&at.file)?;
    let line = text.lines().nth(at.number.checked_sub(1)?)?;
    Some(line.to_owned())
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
