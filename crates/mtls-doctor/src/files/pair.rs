//! Keys and certificates: which belong together.

use pki_core::verify::Purpose;
use x509_identity::Certificate;

use crate::files::shell;
use crate::finding::Finding;
use crate::report::Report;
use crate::target::{Options, Role};

use super::purpose;
use super::reading::Item;
use super::reissue::Reissue;
use super::surroundings::Surroundings;

/// A file with what one side presents.
#[derive(Clone, Copy)]
pub(crate) struct Presented<'a> {
    pub(crate) item: &'a Item,
    /// Which of its certificates is the side's own.
    pub(crate) leaf: usize,
    /// The file with its key.
    pub(crate) key: Option<&'a Item>,
}

impl<'a> Presented<'a> {
    pub(crate) fn certificate(&self) -> &'a Certificate {
        &self.item.certificates[self.leaf]
    }
}

/// Everything that one side presents, each with its key; keys that belong to nothing are reported.
pub(crate) fn presented<'a>(
    items: &'a [Item],
    surroundings: &Surroundings<'_>,
    options: &Options,
    report: &mut Report,
) -> Vec<Presented<'a>> {
    let keys: Vec<&Item> = items.iter().filter(|item| item.key.is_some()).collect();
    let has =
        |item: &Item, public: &[u8]| item.certificates.iter().any(|one| one.spki_der() == public);
    let publics: Vec<&[u8]> = keys.iter().filter_map(|key| public(key)).collect();
    let mut presented: Vec<Presented<'a>> = Vec::new();
    for item in items {
        let Some(leaf) = item.leaf(&publics) else {
            continue;
        };
        let wanted = item.certificates[leaf].spki_der();
        let key = keys.iter().copied().find(|key| public(key) == Some(wanted));
        presented.push(Presented { item, leaf, key });
    }
    for key in keys {
        let Some(public) = public(key) else { continue };
        if items.iter().any(|item| has(item, public)) {
            continue;
        }
        let unpaired = || presented.iter().filter(|one| one.key.is_none());
        let same_name =
            |one: &&Presented<'_>| one.item.path.with_extension("") == key.path.with_extension("");
        let meant = unpaired()
            .find(same_name)
            .or_else(|| unpaired().find(|one| one.item.role == Role::Certificate))
            .or_else(|| unpaired().next());
        if let Some(meant) = meant {
            report.finding(mismatch(key, public, *meant, surroundings, options));
        }
    }
    presented
}

fn public(item: &Item) -> Option<&[u8]> {
    item.key.as_ref().map(|key| key.public.as_slice())
}

fn mismatch(
    key: &Item,
    public: &[u8],
    meant: Presented<'_>,
    surroundings: &Surroundings<'_>,
    options: &Options,
) -> Finding {
    let certificate = meant.certificate();
    let what = format!(
        "The key does not belong to the certificate of {} in {}.",
        certificate.subject(),
        meant.item.place()
    );
    let finding = Finding::error("key-mismatch", key.place(), what)
        .why("nginx and Apache do not start: `key values mismatch`; curl: `unable to set private key file`; Go: `private key does not match public key`.");
    if let Some(right) = surroundings.key(certificate.spki_der()) {
        let file = shell::path(&key.path);
        return finding
            .step(format!("The certificate's key is {}.", right.display()))
            .command(format!(
                "mv {file} {file}.other && cp -p {} {file}",
                shell::path(right)
            ));
    }
    let purposes = purpose::of(certificate, &meant.item.path, options);
    let reissue = Reissue {
        leaf: certificate,
        file: Some(&meant.item.path),
        purpose: purposes.first().copied().unwrap_or(Purpose::TlsClient),
        surroundings,
        options,
        public,
    };
    match reissue.command() {
        Some(command) => finding.command(command),
        None => finding.step("Find the key that the certificate was requested with, or have a certificate issued for this key."),
    }
}
