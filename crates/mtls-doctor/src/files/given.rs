//! What the files hold, for whoever looks at more than files.

use std::path::Path;

use pki_core::Crl;
use pki_core::verify::Purpose;
use tls_identity::Identity;
use x509_identity::Certificate;

use super::completed;
use super::pair::Presented;
use super::purpose;
use super::reading::Item;
use super::reissue::Reissue;
use super::surroundings::Surroundings;
use crate::target::Options;

/// What was given in files.
#[derive(Debug, Default)]
pub(crate) struct Given {
    /// What one side presents, where certificate and key are there and belong together; the leaf first.
    pub(crate) identity: Option<Identity>,
    /// The CA certificates that were given as such.
    pub(crate) ca: Vec<Certificate>,
    pub(crate) items: Vec<Item>,
    pub(crate) presented: Vec<Position>,
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
        let trusted = items.iter().filter(|item| item.is_trust());
        let ca = trusted.flat_map(|item| item.certificates.iter().cloned());
        let mut given = Self {
            identity: None,
            ca: ca.collect(),
            items,
            presented,
        };
        let identity = given.presented().find_map(identity);
        given.identity = identity;
        given
    }

    /// Everything that one side presents.
    pub(crate) fn presented(&self) -> impl Iterator<Item = Presented<'_>> {
        self.presented.iter().map(|position| Presented {
            item: &self.items[position.item],
            leaf: position.leaf,
            key: position.key.map(|key| &self.items[key]),
        })
    }

    /// The certificates of everything that is presented, the leaf first.
    pub(crate) fn chains(&self) -> impl Iterator<Item = Vec<&Certificate>> {
        self.presented().map(chain)
    }

    /// The same of what is presented by clients.
    pub(crate) fn client_chains(
        &self,
        options: &Options,
    ) -> impl Iterator<Item = Vec<&Certificate>> {
        self.clients(options).map(chain)
    }

    /// What is presented by clients.
    pub(super) fn clients(&self, options: &Options) -> impl Iterator<Item = Presented<'_>> {
        self.presented().filter(|one| {
            let purposes = purpose::of(one.certificate(), &one.item.path, options);
            purposes.contains(&Purpose::TlsClient)
        })
    }

    /// Each CRL that can be read.
    pub(crate) fn crls(&self) -> impl Iterator<Item = &Crl> {
        self.items.iter().flat_map(|item| &item.crls)
    }

    /// The command that puts these, which were given in files of their own, behind what is presented.
    pub(crate) fn completing(&self, missing: &[&Certificate], options: &Options) -> Option<String> {
        let one = self.presented().next()?;
        let file = |ca: &&Certificate| {
            let mut items = self.items.iter().filter(|item| item.is_trust());
            let item =
                items.find(|item| item.certificates.as_slice() == std::slice::from_ref(*ca))?;
            Some(item.path.as_path())
        };
        let files: Vec<&Path> = missing.iter().map(file).collect::<Option<_>>()?;
        let password = options.password_file.as_deref();
        (!files.is_empty()).then(|| completed::command(one.item, &files, password))?
    }

    /// The command that issues the client's certificate again, where the CA's key is at hand.
    pub(crate) fn reissuing(&self, options: &Options) -> Option<String> {
        let surroundings = Surroundings::new(&self.items);
        let one = self.presented().find(|one| !one.item.is_bundle)?;
        let leaf = one.certificate();
        let reissue = Reissue {
            leaf,
            file: Some(&one.item.path),
            purpose: Purpose::TlsClient,
            surroundings: &surroundings,
            options,
            public: leaf.spki_der(),
        };
        reissue.command()
    }

    /// A file with CA certificates that were given as such.
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

fn identity(one: Presented<'_>) -> Option<Identity> {
    let key = one.key?.key.as_ref()?;
    let chain = chain(one).into_iter().map(pki_core::certificate_pem);
    let chain: String = chain.collect();
    let key = key.encoded.secret_der();
    Identity::from_pem(chain.as_bytes(), key.secret_der()).ok()
}
