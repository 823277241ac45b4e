//! What lies beside the files that were given: the intermediate, the right key, the CA's key. For mending alone: nothing
//! in it is reported.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use pki_core::EncodedKey;
use tls_identity::read_file;
use x509_identity::Certificate;
use x509_identity::pem::{self, Label};

use super::reading::Item;

/// The files beside those that were given, read when somebody asks.
pub(crate) struct Surroundings<'a> {
    items: &'a [Item],
    beside: OnceCell<Beside>,
}

#[derive(Default)]
struct Beside {
    certificates: Vec<(PathBuf, Certificate)>,
    /// Path and SubjectPublicKeyInfo.
    keys: Vec<(PathBuf, Vec<u8>)>,
}

impl<'a> Surroundings<'a> {
    pub(crate) fn new(items: &'a [Item]) -> Self {
        Self {
            items,
            beside: OnceCell::new(),
        }
    }

    /// The certificates that were given first, then those beside them.
    pub(crate) fn certificates(&self) -> impl Iterator<Item = (&Path, &Certificate)> {
        let given = self
            .items
            .iter()
            .filter(|item| !item.is_bundle)
            .flat_map(|item| {
                let certificates = item.certificates.iter();
                // A file with several is not one that can be appended or copied.
                certificates
                    .filter(|_| item.certificates.len() == 1)
                    .map(|one| (item.path.as_path(), one))
            });
        let beside = self.beside().certificates.iter();
        given.chain(beside.map(|(path, one)| (path.as_path(), one)))
    }

    /// The file whose key this public key belongs to, not encrypted.
    pub(crate) fn key(&self, public: &[u8]) -> Option<&Path> {
        let given = self
            .items
            .iter()
            .filter(|item| !item.is_bundle)
            .find_map(|item| {
                let key = item.key.as_ref()?;
                (key.public == public).then_some(item.path.as_path())
            });
        given.or_else(|| {
            let mut keys = self.beside().keys.iter();
            let found = keys.find(|(_, known)| known == public);
            found.map(|(path, _)| path.as_path())
        })
    }

    fn beside(&self) -> &Beside {
        self.beside.get_or_init(|| {
            let directories: BTreeSet<PathBuf> = self
                .items
                .iter()
                .map(|item| directory(&item.path))
                .collect();
            let mut beside = Beside::default();
            for directory in &directories {
                beside.look_into(directory);
            }
            beside
        })
    }
}

fn directory(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

impl Beside {
    fn look_into(&mut self, directory: &Path) {
        let Ok(entries) = fs::read_dir(directory) else {
            return;
        };
        let mut paths: Vec<PathBuf> = entries
            .take(MAX_ENTRIES)
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                let ending = path.extension().and_then(|ending| ending.to_str());
                ending.is_some_and(|ending| ENDINGS.contains(&ending))
            })
            .collect();
        paths.sort();
        for path in paths {
            let Ok(bytes) = read_file(&path, MAX_LEN) else {
                continue;
            };
            if let Some(certificate) = only_certificate(&bytes) {
                self.certificates.push((path.clone(), certificate));
            }
            if let Ok(public) = EncodedKey::read(&bytes, None).and_then(|key| key.public_key_der())
            {
                self.keys.push((path, public));
            }
        }
    }
}

/// The certificate of a PEM file that has one alone.
fn only_certificate(bytes: &[u8]) -> Option<Certificate> {
    if pem::is_der(bytes) {
        return None;
    }
    let file = pem::read(bytes).ok()?;
    let mut sections = file.sections();
    let section = sections.next()?;
    if section.label() != Label::Certificate || sections.next().is_some() {
        return None;
    }
    Certificate::from_der(&section.der().ok()?).ok()
}

const ENDINGS: [&str; 4] = ["cer", "crt", "key", "pem"];
const MAX_ENTRIES: usize = 256;
const MAX_LEN: u64 = 64 << 10;
