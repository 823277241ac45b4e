//! Real files from a folder outside of the project, where there is one.
//!
//! `P12_CORPUS` names it. Its `index.tsv` has the columns file, password and expectation, of which
//! `valid`, `valid-nomac`, `valid-pbmac1` and `invalid` are judged here; other lines are listed.

#![allow(
    clippy::unwrap_used,
    reason = "a test says what it expects by unwrapping it"
)]

use std::path::Path;

use pkcs12_ios::{Archive, Limits};
use pki_core::Password;

#[test]
fn the_corpus_reads_as_its_index_says() {
    let Some(folder) = std::env::var_os("P12_CORPUS") else {
        println!("P12_CORPUS is not set: no corpus was read");
        return;
    };
    let folder = Path::new(&folder);
    let index = std::fs::read_to_string(folder.join("index.tsv")).unwrap();
    let (mut valid, mut read, mut accepted) = (0, 0, Vec::new());
    for line in index.lines().skip(1) {
        let columns: Vec<_> = line.split('\t').collect();
        let [file, password, expectation, ..] = columns[..] else {
            continue;
        };
        let bytes = std::fs::read(folder.join(file)).unwrap();
        let limits = if expectation.starts_with("valid") {
            Limits::default().allow_missing_mac()
        } else {
            Limits::default()
        };
        let archive = Archive::read(&bytes, &Password::new(password), &limits);
        let outcome = match &archive {
            Ok(archive) => {
                format!(
                    "{} keys, {} certificates",
                    archive.keys().len(),
                    archive.certificates().len()
                )
            }
            Err(error) => format!("refused: {error}"),
        };
        println!("{file}\t{expectation}\t{outcome}");
        match expectation {
            "valid" | "valid-nomac" | "valid-pbmac1" => {
                valid += 1;
                read += usize::from(archive.is_ok());
            }
            "invalid" if archive.is_ok() => accepted.push(file.to_owned()),
            _ => {}
        }
    }
    println!("{read} of {valid} valid files of {} read", folder.display());
    assert_eq!(accepted, Vec::<String>::new());
    assert!(valid > 0 && read * 100 >= valid * 97);
}
