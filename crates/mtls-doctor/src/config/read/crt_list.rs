//! HAProxy: lists and directories of certificates, which a `bind` line names instead of one.

use std::fs;
use std::path::{Path, PathBuf};

use super::directive::{Line, Token, tokens};
use super::text::text_of;

/// A line of a `crt-list`.
pub(super) struct Entry {
    pub(super) at: Line,
    pub(super) certificate: String,
    /// What stands in brackets, and counts instead of the same on the `bind` line.
    pub(super) options: Vec<String>,
}

/// Every line of a list: `CERTIFICATE [OPTIONS] NAME ...`.
pub(super) fn entries(path: &Path) -> Vec<Entry> {
    let Some(text) = text_of(path) else {
        return Vec::new();
    };
    let at = Line::new(path, 1);
    let mut entries = Vec::new();
    let mut words: Vec<String> = Vec::new();
    for (token, number) in tokens(&text, "") {
        match token {
            Token::Word(word) => words.push(word),
            _ => entries.extend(entry(&std::mem::take(&mut words), at.numbered(number))),
        }
    }
    entries.truncate(MAX_ENTRIES);
    entries
}

fn entry(words: &[String], at: Line) -> Option<Entry> {
    let (certificate, rest) = words.split_first()?;
    let text = rest.join(" ");
    let inner = text.strip_prefix('[').and_then(|text| text.split_once(']'));
    let options = inner.map_or("", |(inner, _)| inner);
    Some(Entry {
        at,
        certificate: certificate.clone(),
        options: options.split_whitespace().map(str::to_owned).collect(),
    })
}

/// The certificates in a directory, in HAProxy's order; what belongs to one of them is not one itself.
pub(super) fn within(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let is_certificate = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.unwrap_or(".");
        let besides = [".key", ".issuer", ".ocsp", ".sctl"];
        path.is_file() && !name.starts_with('.') && !besides.iter().any(|end| name.ends_with(end))
    };
    let mut paths: Vec<PathBuf> = entries
        .take(MAX_ENTRIES)
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(is_certificate)
        .collect();
    paths.sort();
    paths
}

const MAX_ENTRIES: usize = 256;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_line_has_a_certificate_options_and_names() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("list");
        let text = "# all\na.pem\nb.pem [verify none ca-file x.crt] b.example !c.example\n\nd.pem d.example\n";
        fs::write(&path, text).unwrap();
        let found = entries(&path);
        let names: Vec<_> = found.iter().map(|one| one.certificate.as_str()).collect();
        assert_eq!(names, ["a.pem", "b.pem", "d.pem"]);
        assert_eq!(found[1].options, ["verify", "none", "ca-file", "x.crt"]);
        assert!(found[0].options.is_empty() && found[2].options.is_empty());
        assert_eq!((found[1].at.number, found[2].at.number), (3, 5));
        assert!(entries(&directory.path().join("missing")).is_empty());
    }

    #[test]
    fn a_directory_has_certificates_and_what_belongs_to_them() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["b.pem", "a.pem", "a.pem.key", "a.pem.ocsp", ".hidden"] {
            fs::write(directory.path().join(name), "x").unwrap();
        }
        let found = within(directory.path());
        let names: Vec<_> = found.iter().map(|path| path.file_name().unwrap()).collect();
        assert_eq!(names, ["a.pem", "b.pem"]);
    }
}
