//! What the files hold, for whoever looks at more than files.

use std::path::Path;

use tls_identity::Identity;
use x509_identity::Certificate;

use super::item::Item;
use super::pair::Presented;

/// What was given in files.
#[derive(Debug, Default)]
pub(crate) struct Given {
    pub(crate) items: Vec<Item>,
    presented: Vec<Position>,
}

/// Where something that is presented is among the files.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    /// The file.
    pub(crate) item: usize,
    /// The leaf among its certificates.
    pub(crate) leaf: usize,
    /// The file with its key.
    pub(crate) key: Option<usize>,
}

impl Given {
    pub(crate) fn new(items: Vec<Item>, presented: Vec<Position>) -> Self {
        Self { items, presented }
    }

    /// Everything that one side presents.
    pub(crate) fn presented(&self) -> impl Iterator<Item = Presented<'_>> {
        self.presented.iter().map(|position| Presented {
            item: &self.items[position.item],
            leaf: position.leaf,
            key: position.key.map(|key| &self.items[key]),
        })
    }

    /// What one side presents with its key, the leaf first, for whoever connects with it.
    pub(crate) fn identity(&self) -> Option<Identity> {
        self.presented().find_map(|one| {
            let key = one.key?.key.as_ref()?;
            let chain: String = chain(one)
                .into_iter()
                .map(pki_core::certificate_pem)
                .collect();
            Identity::from_pem(chain.as_bytes(), key.encoded.secret_der().secret_der()).ok()
        })
    }

    /// The certificates of everything that is presented, the leaf first.
    pub(crate) fn chains(&self) -> impl Iterator<Item = Vec<&Certificate>> {
        self.presented().map(chain)
    }

    /// The CA certificates that were given as such.
    pub(crate) fn trusted(&self) -> impl Iterator<Item = &Certificate> {
        let trusted = self.items.iter().filter(|item| item.is_trust());
        trusted.flat_map(|item| &item.certificates)
    }

    /// A file with such.
    pub(crate) fn trusted_path(&self) -> Option<&Path> {
        let item = self.items.iter().find(|item| item.is_trust())?;
        Some(&item.path)
    }

    /// The file of a CA that issued something that is presented.
    pub(crate) fn issuer_path(&self) -> Option<&Path> {
        let issued = |ca: &Certificate| {
            let mut all = self.presented().flat_map(|one| &one.item.certificates);
            all.any(|one| one != ca && super::issued(one, ca))
        };
        let item = self
            .items
            .iter()
            .find(|item| item.is_trust() && item.certificates.iter().any(issued))?;
        Some(&item.path)
    }
}

fn chain(one: Presented<'_>) -> Vec<&Certificate> {
    let leaf = one.certificate();
    let others = one
        .item
        .certificates
        .iter()
        .filter(|certificate| *certificate != leaf);
    std::iter::once(leaf).chain(others).collect()
}
