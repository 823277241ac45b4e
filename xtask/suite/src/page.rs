//! The sections of docs/ that a run writes; the prose around them is by hand.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Puts `text` between the marks of the section `name`.
pub fn replace_section(page: &Path, name: &str, text: &str) -> Result<()> {
    let old = fs::read_to_string(page).with_context(|| format!("reading {}", page.display()))?;
    let new = replaced(&old, name, text).with_context(|| {
        format!(
            "{} has no {} and {} to write between",
            page.display(),
            begin(name),
            end(name)
        )
    })?;
    fs::write(page, new).with_context(|| format!("writing {}", page.display()))
}

fn replaced(page: &str, name: &str, text: &str) -> Option<String> {
    let (before, rest) = page.split_once(&begin(name))?;
    let (_, after) = rest.split_once(&end(name))?;
    let (begin, end) = (begin(name), end(name));
    Some(format!("{before}{begin}\n\n{text}\n{end}{after}"))
}

fn begin(name: &str) -> String {
    format!("<!-- measured: {name} -->")
}

fn end(name: &str) -> String {
    format!("<!-- /measured: {name} -->")
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn only_the_text_between_the_marks_is_replaced() {
        let page = "a\n<!-- measured: x -->\nold\n<!-- /measured: x -->\nb\n";
        let new = "a\n<!-- measured: x -->\n\nnew\n\n<!-- /measured: x -->\nb\n";
        assert_eq!(replaced(page, "x", "new\n").as_deref(), Some(new));
        assert_eq!(replaced(page, "y", "new\n"), None);
    }
}
