//! Caddy: `import` of a snippet, or of the files of a pattern.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::directive::{Directive, Line, Token, tokens, tree};
use super::nginx::{is_plain, matching};
use super::text::text_of;
use crate::config::settings::resolve;

/// The blocks of a Caddyfile, with what they import in its place.
pub(super) fn blocks(path: &Path, text: &str) -> Vec<Directive> {
    let mut imports = Imports::default();
    let blocks = imports.followed(directives(path, text), 0);
    let is_used =
        |block: &Directive| snippet(block).is_some_and(|name| imports.used.contains(name));
    // What is in a snippet is where it is imported; one that nobody imports stays for itself.
    blocks.into_iter().filter(|block| !is_used(block)).collect()
}

fn directives(path: &Path, text: &str) -> Vec<Directive> {
    tree(tokens(text, "{}"), &Token::Newline, &Line::new(path, 1))
}

/// The name of a snippet: `(name) {`.
fn snippet(block: &Directive) -> Option<&str> {
    block.name.strip_prefix('(')?.strip_suffix(')')
}

#[derive(Default)]
struct Imports {
    snippets: HashMap<String, Directive>,
    used: HashSet<String>,
    files: usize,
    size: usize,
}

impl Imports {
    fn followed(&mut self, directives: Vec<Directive>, depth: usize) -> Vec<Directive> {
        let mut all = Vec::new();
        for mut directive in directives {
            if directive.name == "import" && directive.children.is_empty() {
                match self.imported(&directive, depth) {
                    Some(imported) => all.extend(imported),
                    // One that is not there stays, for whoever looks at words.
                    None => all.push(directive),
                }
                continue;
            }
            directive.children = self.followed(directive.children, depth);
            if let Some(name) = snippet(&directive) {
                self.snippets.insert(name.to_owned(), directive.clone());
            }
            all.push(directive);
        }
        all
    }

    /// What stands in the place of an `import`; `None` where there is nothing of that name.
    fn imported(&mut self, directive: &Directive, depth: usize) -> Option<Vec<Directive>> {
        let (name, values) = directive.arguments.split_first()?;
        if depth >= MAX_DEPTH {
            return Some(Vec::new());
        }
        if let Some(snippet) = self.snippets.get(name) {
            self.used.insert(name.clone());
            self.size += snippet.size();
            if self.size > MAX_SIZE {
                return Some(Vec::new());
            }
            let names: Vec<String> = (0..values.len())
                .flat_map(|index| [format!("{{args[{index}]}}"), format!("{{args.{index}}}")])
                .collect();
            let both = values.iter().flat_map(|value| [value, value]);
            let words: Vec<(&str, &str)> = names
                .iter()
                .map(String::as_str)
                .zip(both.map(String::as_str))
                .collect();
            return Some(
                snippet
                    .children
                    .iter()
                    .map(|child| child.with(&words))
                    .collect(),
            );
        }
        // Its paths begin beside the file that has it.
        let beside = directive.at.file.parent().unwrap_or(Path::new(""));
        let pattern: PathBuf = resolve(name, &[beside]);
        if is_plain(&pattern) && !pattern.exists() {
            return None;
        }
        let mut all = Vec::new();
        for path in matching(&pattern) {
            self.files += 1;
            if self.files > MAX_FILES {
                break;
            }
            if let Some(text) = text_of(&path) {
                all.extend(self.followed(directives(&path, &text), depth + 1));
            }
        }
        Some(all)
    }
}

const MAX_DEPTH: usize = 8;
const MAX_FILES: usize = 256;
/// Directives that all snippets together put somewhere.
const MAX_SIZE: usize = 10_000;
