//! Apache: `<VirtualHost>` sections, what the server's own level hands down to them, and files that are included.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::apache_host::{CERTIFICATE, settings};
use super::directive::{Directive, Line, Token, last, tokens};
use super::nginx::{is_plain, matching};
use super::text::text_of;
use crate::config::settings::{ServerSettings, resolve};

/// Every virtual host with `SSLEngine on`; the whole server where it is switched on outside of them.
pub(crate) fn read(path: &Path, text: &str) -> Vec<ServerSettings> {
    let (directives, bases) = parsed(path, text);
    let mut found = Vec::new();
    let is_on = |level: &[Directive]| {
        last(level, "SSLEngine")
            .and_then(Directive::argument)
            .map(|word| word.eq_ignore_ascii_case("on"))
    };
    let hosts: Vec<&Directive> = directives
        .iter()
        .filter(|one| one.is("<VirtualHost"))
        .collect();
    for host in &hosts {
        let is_on = is_on(&host.children).or_else(|| is_on(&directives)) == Some(true);
        if is_on || host.child(CERTIFICATE).is_some() {
            let host_settings = settings(&host.children, &directives, &host.at, &bases);
            found.push(with_engine(host_settings, is_on, &host.children));
        }
    }
    let is_on = is_on(&directives) == Some(true);
    let engine = last(&directives, "SSLEngine").filter(|_| is_on);
    let meant = engine.or_else(|| last(&directives, CERTIFICATE));
    if let Some(meant) = meant.filter(|_| hosts.is_empty()) {
        let host_settings = settings(&directives, &[], &meant.at, &bases);
        found.push(with_engine(host_settings, is_on, &directives));
    }
    found
}

/// All that it says, with the files that it includes.
pub(crate) fn directives(path: &Path, text: &str) -> Vec<Directive> {
    parsed(path, text).0
}

/// The same, and where its paths may begin.
pub(super) fn parsed(path: &Path, text: &str) -> (Vec<Directive>, Vec<PathBuf>) {
    let mut reader = Reader::new(path);
    let directives = reader.directives(path, text, 0);
    (directives, reader.bases())
}

/// With a certificate and without `SSLEngine on`, it speaks plain HTTP.
fn with_engine(mut settings: ServerSettings, is_on: bool, own: &[Directive]) -> ServerSettings {
    let line = last(own, "SSLEngine").or_else(|| last(own, CERTIFICATE));
    settings.plain = line.filter(|_| !is_on).map(|line| line.at.clone());
    settings
}

struct Reader {
    path: PathBuf,
    variables: HashMap<String, String>,
    /// What `<Macro>` has set: the names of the arguments, and what `Use` puts in its place.
    macros: HashMap<String, Directive>,
    root: Option<PathBuf>,
    files: usize,
    used: usize,
}

impl Reader {
    fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            variables: HashMap::new(),
            macros: HashMap::new(),
            root: None,
            files: 0,
            used: 0,
        }
    }

    fn directives(&mut self, path: &Path, text: &str, depth: usize) -> Vec<Directive> {
        let at = Line::new(path, 1);
        let mut all = Vec::new();
        let mut sections: Vec<Directive> = Vec::new();
        for words in lines(text) {
            let (words, number) = words;
            let Some(mut directive) = Directive::new(words, at.numbered(number)) else {
                continue;
            };
            for argument in &mut directive.arguments {
                *argument = self.substituted(argument);
            }
            if is_transparent(&directive.name) || sections.len() >= MAX_SECTIONS {
                continue;
            }
            if directive.name.starts_with("</") {
                match sections.pop() {
                    Some(closed) if closed.is("<Macro") => {
                        let name = closed.argument().map(str::to_ascii_lowercase);
                        self.macros.extend(name.map(|name| (name, closed)));
                    }
                    Some(closed) => put(closed, &mut sections, &mut all),
                    None => {}
                }
            } else if directive.is("Use") {
                for used in self.used(&directive) {
                    put(used, &mut sections, &mut all);
                }
            } else if directive.name.starts_with('<') {
                sections.push(directive);
            } else if directive.is("Define") {
                if let [name, value] = directive.arguments.as_slice() {
                    self.variables.insert(name.clone(), value.clone());
                }
            } else if directive.is("ServerRoot") {
                self.root = directive.argument().map(PathBuf::from);
            } else if directive.is("Include") || directive.is("IncludeOptional") {
                let path = directive
                    .argument()
                    .map(|path| resolve(path, &self.bases()));
                let is_lost = path.is_some_and(|path| is_plain(&path) && !path.exists());
                // One that is not there stays, for whoever looks at words.
                if is_lost && directive.is("Include") {
                    put(directive, &mut sections, &mut all);
                    continue;
                }
                for included in self.included(&directive, depth) {
                    put(included, &mut sections, &mut all);
                }
            } else {
                put(directive, &mut sections, &mut all);
            }
        }
        while let Some(open) = sections.pop() {
            put(open, &mut sections, &mut all);
        }
        all
    }

    fn included(&mut self, directive: &Directive, depth: usize) -> Vec<Directive> {
        let mut all = Vec::new();
        let Some(pattern) = directive.argument() else {
            return all;
        };
        let named = resolve(pattern, &self.bases());
        // A directory stands for all that is in it.
        let named = if named.is_dir() {
            named.join("*")
        } else {
            named
        };
        for path in matching(&named) {
            if depth >= MAX_DEPTH || self.files >= MAX_FILES {
                break;
            }
            self.files += 1;
            if let Some(text) = text_of(&path) {
                all.extend(self.directives(&path, &text, depth + 1));
            }
        }
        all
    }

    /// What a macro has set, with these values for its arguments.
    fn used(&mut self, directive: &Directive) -> Vec<Directive> {
        let Some((name, values)) = directive.arguments.split_first() else {
            return Vec::new();
        };
        let Some(section) = self.macros.get(&name.to_ascii_lowercase()) else {
            return Vec::new();
        };
        let names = section.arguments.iter().skip(1);
        let values: Vec<(&str, &str)> = names
            .map(String::as_str)
            .zip(values.iter().map(String::as_str))
            .collect();
        self.used += section.size();
        if self.used > MAX_USED {
            return Vec::new();
        }
        let children = section.children.iter();
        children.map(|child| child.with(&values)).collect()
    }

    /// `${NAME}`, where `Define` has set it.
    fn substituted(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let Some((name, behind)) = after.split_once('}') else {
                out.push_str("${");
                rest = after;
                continue;
            };
            match self.variables.get(name) {
                Some(value) => out.push_str(value),
                None => out.push_str(&format!("${{{name}}}")),
            }
            rest = behind;
        }
        out.push_str(rest);
        out
    }

    /// Relative paths are below ServerRoot, which `-d` may have set: beside the file, above it, or where this runs.
    fn bases(&self) -> Vec<PathBuf> {
        let beside = self.path.parent().unwrap_or(Path::new("")).to_owned();
        let above = beside.join("..");
        self.root
            .iter()
            .cloned()
            .chain([beside, above, PathBuf::new()])
            .collect()
    }
}

/// Into the innermost section that is open.
fn put(directive: Directive, sections: &mut [Directive], all: &mut Vec<Directive>) {
    match sections.last_mut() {
        Some(section) => section.children.push(directive),
        None => all.push(directive),
    }
}

/// `<IfModule>` and its like: what is in them belongs to where they are.
fn is_transparent(name: &str) -> bool {
    let name = name
        .trim_start_matches("</")
        .trim_start_matches('<')
        .trim_end_matches('>');
    [
        "IfModule",
        "IfDefine",
        "IfVersion",
        "IfFile",
        "IfDirective",
        "IfSection",
    ]
    .iter()
    .any(|known| name.eq_ignore_ascii_case(known))
}

/// The words of each line; `<Section a>` has no bracket behind its last word.
fn lines(text: &str) -> Vec<(Vec<String>, usize)> {
    let mut lines = Vec::new();
    let mut words: Vec<String> = Vec::new();
    let mut begin = 1;
    for (token, line) in tokens(text, "#") {
        match token {
            Token::Word(word) => {
                if words.is_empty() {
                    begin = line;
                }
                words.push(word);
            }
            _ => {
                let is_section = words
                    .first()
                    .is_some_and(|first| first.starts_with('<') && !first.starts_with("</"));
                // What stands behind a section's bracket is not read.
                while is_section && words.last().is_some_and(|last| last.starts_with('#')) {
                    words.pop();
                }
                if let Some(last) = words.last_mut().filter(|_| is_section) {
                    *last = last.trim_end_matches('>').to_owned();
                }
                lines.push((std::mem::take(&mut words), begin));
            }
        }
    }
    lines
}

const MAX_DEPTH: usize = 8;
const MAX_SECTIONS: usize = 32;
/// Directives that all macros together put somewhere.
const MAX_USED: usize = 10_000;
const MAX_FILES: usize = 256;
