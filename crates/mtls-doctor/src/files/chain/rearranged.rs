//! The command that writes a chain anew.

use std::path::Path;

use crate::files::reading::text;
use crate::files::shell;

/// A file with these sections of itself, in this order, and another file behind them.
pub(super) fn rearranged(file: &Path, sections: &[usize], then: Option<&Path>) -> String {
    let file = shell::path(file);
    let wanted: Vec<String> = sections
        .iter()
        .map(|section| format!("s[{section}]"))
        .collect();
    // Before its line of dashes, a section has what is written above it.
    let awk = format!(
        "awk '{{t=t $0 \"\\n\"}} /-----END/{{s[++n]=t; t=\"\"}} END{{printf \"%s\", {}}}' {file}",
        wanted.join(" ")
    );
    let command = match then {
        Some(then) => format!("{{ {awk}; cat {}; }}", shell::path(then)),
        None => awk,
    };
    text::rewritten(&file, &command)
}
