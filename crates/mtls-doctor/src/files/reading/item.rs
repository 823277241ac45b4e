//! One file that was read, and what is in it.

use std::path::{Path, PathBuf};

use pki_core::{Crl, EncodedKey};
use x509_identity::Certificate;
use zeroize::Zeroizing;

use crate::target::Role;

/// A file, and what could be read of it.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) path: PathBuf,
    pub(crate) role: Role,
    pub(crate) certificates: Vec<Certificate>,
    /// At which section of the file each certificate is, counted from 1 over sections of all kinds.
    pub(crate) sections: Vec<usize>,
    pub(crate) key: Option<Key>,
    pub(crate) crls: Vec<Crl>,
    pub(crate) is_bundle: bool,
    /// The file itself, which may hold a key.
    pub(crate) bytes: Zeroizing<Vec<u8>>,
}

/// A private key that can be used.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) encoded: EncodedKey,
    /// Its public key, as SubjectPublicKeyInfo.
    pub(crate) public: Vec<u8>,
}

impl Item {
    pub(crate) fn new(path: &Path, role: Role, bytes: Zeroizing<Vec<u8>>) -> Self {
        Self {
            path: path.to_owned(),
            role,
            certificates: Vec::new(),
            sections: Vec::new(),
            key: None,
            crls: Vec::new(),
            is_bundle: false,
            bytes,
        }
    }

    /// Adds certificates that are sent behind its own from another file.
    pub(crate) fn append(&mut self, certificates: Vec<Certificate>) {
        let first = self.sections.last().copied().unwrap_or_default() + 1;
        self.sections.extend((first..).take(certificates.len()));
        self.certificates.extend(certificates);
    }

    /// Where it is, for a person.
    pub(crate) fn place(&self) -> String {
        self.path.display().to_string()
    }

    /// Whether it is here for whom it trusts: only certificates of CAs, or given as such.
    pub(crate) fn is_trust(&self) -> bool {
        match self.role {
            Role::Ca => true,
            Role::Certificate | Role::P12 | Role::Key | Role::Crl => false,
            Role::Any => {
                !self.is_bundle
                    && self.key.is_none()
                    && !self.certificates.is_empty()
                    && self
                        .certificates
                        .iter()
                        .all(|one| is_issuer(&self.path, one))
            }
        }
    }

    /// The certificate that it is about, where it is something that one side presents: its own key's, or else the first
    /// that is not a CA's and that one of `keys` belongs to, or else the first that is not a CA's.
    pub(crate) fn leaf(&self, keys: &[&[u8]]) -> Option<usize> {
        if self.is_trust() || self.certificates.is_empty() {
            return None;
        }
        let own = self.key.as_ref().map(|key| key.public.as_slice());
        let is_own = |one: &Certificate| own == Some(one.spki_der());
        let has_key = |one: &Certificate| !one.is_ca() && keys.contains(&one.spki_der());
        let find =
            |wanted: &dyn Fn(&Certificate) -> bool| self.certificates.iter().position(wanted);
        find(&is_own)
            .or_else(|| find(&has_key))
            .or_else(|| find(&|one| !one.is_ca()))
            .or(Some(0))
    }
}

/// Whether a certificate that nobody said anything about is a CA's, and not one that was issued to a client or a server
/// with CA:TRUE by mistake: that one has the names of such.
fn is_issuer(path: &Path, certificate: &Certificate) -> bool {
    certificate.is_ca()
        && (certificate.is_self_issued()
            || certificate.sans().is_empty() && crate::files::purpose::of_name(path).is_none())
}
