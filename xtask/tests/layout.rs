//! The tree can be read: no folder has too many entries, and what the documentation names is there.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

/// What git has, and what is to be added to it.
fn files() -> Vec<String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(suite::workspace())
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let is_there = |file: &&str| suite::workspace().join(file).is_file();
    listed.lines().filter(is_there).map(str::to_owned).collect()
}

/// Where the workspace was unpacked without git, there is nothing to look at.
fn is_checkout() -> bool {
    suite::workspace().join(".git").exists()
}

/// Those of these folders of sources that have more entries than a reader takes in.
fn crowded(files: &[String]) -> Vec<String> {
    const MOST: usize = 16;
    let mut entries: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.ends_with(".rs")) {
        let mut path = file.as_str();
        while let Some((folder, entry)) = path.rsplit_once('/') {
            entries.entry(folder).or_default().insert(entry);
            path = folder;
        }
    }
    // Cargo has the packages side by side.
    let rooms = entries
        .into_iter()
        .filter(|(folder, _)| *folder != "crates");
    rooms
        .filter(|(_, entries)| entries.len() > MOST)
        .map(|(folder, entries)| format!("{folder}: {}", entries.len()))
        .collect()
}

/// The paths of sources in a text, as it writes them: `handshake/acceptor.rs`.
fn named(text: &str) -> impl Iterator<Item = &str> {
    let code = text
        .lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2));
    code.filter(|word| {
        let is_path = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
        word.ends_with(".rs") && word.chars().all(is_path)
    })
}

fn has(files: &[String], path: &str) -> bool {
    let end = format!("/{path}");
    files
        .iter()
        .any(|file| file == path || file.ends_with(&end))
}

#[test]
fn no_folder_has_more_entries_than_a_reader_takes_in() {
    let many = |count| {
        (0..count)
            .map(|n| format!("crates/a/src/{n}.rs"))
            .collect::<Vec<_>>()
    };
    assert!(crowded(&many(16)).is_empty());
    assert_eq!(crowded(&many(17)), ["crates/a/src: 17"]);
    if is_checkout() {
        let crowded = crowded(&files());
        assert!(
            crowded.is_empty(),
            "rooms by subject are needed: {crowded:#?}"
        );
    }
}

#[test]
fn every_source_that_the_documentation_names_is_there() {
    let one = ["crates/a/src/b/c.rs".to_owned()];
    let text = "`b/c.rs`, `d.rs` and\n`let e = f.rs`";
    assert_eq!(named(text).collect::<Vec<_>>(), ["b/c.rs", "d.rs"]);
    assert!(has(&one, "b/c.rs") && !has(&one, "d.rs") && !has(&one, "/c.rs"));
    if !is_checkout() {
        return;
    }
    let files = files();
    let mut missing = Vec::new();
    // What was true of a release stays in the changelog.
    let pages = files
        .iter()
        .filter(|file| file.ends_with(".md") && *file != "CHANGELOG.md");
    for page in pages {
        let text = fs::read_to_string(suite::workspace().join(page)).unwrap();
        let gone = named(&text).filter(|path| !has(&files, path));
        missing.extend(gone.map(|path| format!("{page}: {path}")));
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
