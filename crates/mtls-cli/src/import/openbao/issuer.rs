//! An issuer of a mount, and what its CRLs say.

use std::collections::HashMap;

use anyhow::{Result, bail};
use pki_core::verify::is_signed_by;
use pki_core::{Crl, CrlEntry};
use pki_store::ImportedCertificate;
use x509_identity::{Certificate, DistinguishedName, SerialNumber};

/// A CA of the mount.
#[derive(Debug)]
pub(crate) struct MountIssuer {
    /// Its certificate first, then those above it that the mount knows.
    pub(crate) chain: Vec<Certificate>,
    /// The highest number of its CRLs, where it has any.
    pub(crate) crl_number: Option<u64>,
    /// What its CRL lists.
    pub(super) revoked: HashMap<SerialNumber, CrlEntry>,
}

impl MountIssuer {
    /// An issuer with this certificate, below some of the others.
    pub(super) fn new(certificates: Vec<Certificate>) -> Self {
        Self {
            chain: in_order(certificates),
            crl_number: None,
            revoked: HashMap::new(),
        }
    }

    pub(super) fn own(&self) -> &Certificate {
        self.chain.first().expect("a chain begins with the issuer")
    }

    pub(super) fn has_issued(&self, certificate: &Certificate) -> bool {
        certificate.names_issuer(self.own()) && is_signed_by(certificate, self.own())
    }

    /// Issuers with one key and one name have one CRL, which counts for the first of them.
    pub(super) fn beside(mut self, others: &[Self]) -> Self {
        let own = self.own();
        let is_same = |it: &Self| {
            it.own().spki_sha256() == own.spki_sha256() && it.own().subject() == own.subject()
        };
        if others.iter().any(is_same) {
            self.revoked.clear();
        }
        self
    }

    /// Takes what a CRL says, if the issuer has signed it.
    pub(super) fn read_crl(&mut self, pem: &str) -> Result<()> {
        if pem.trim().is_empty() {
            return Ok(());
        }
        let crl = Crl::from_pem_or_der(pem.as_bytes())?;
        if !crl.is_signed_by(self.own()) {
            bail!("its CRL was not signed by `{}`", self.own().subject());
        }
        self.crl_number = self.crl_number.max(crl.number());
        let entries = crl.entries().map(|entry| (entry.serial.clone(), entry));
        self.revoked.extend(entries);
        Ok(())
    }

    /// What the CRL lists and no certificate was read of: it stays revoked.
    pub(crate) fn without_certificate(&self) -> Vec<ImportedCertificate> {
        // Its end is not known, and nothing is valid for longer than its issuer.
        let end = self.own().not_after();
        let entries = self.revoked.values();
        let imported = entries.map(|entry| {
            let subject = DistinguishedName::default();
            ImportedCertificate::from_index(entry.serial.clone(), subject, end)
                .revoked(entry.date, entry.reason)
        });
        imported.collect()
    }
}

/// The first certificate, and those above it one after the other: a mount lists all that it knows of one name.
fn in_order(known: Vec<Certificate>) -> Vec<Certificate> {
    let mut rest = known.into_iter();
    let mut chain: Vec<Certificate> = rest.by_ref().take(1).collect();
    let rest: Vec<_> = rest.collect();
    while let Some(last) = chain.last().filter(|last| !last.is_self_issued()) {
        let above = rest
            .iter()
            .find(|it| !chain.contains(it) && last.names_issuer(it) && is_signed_by(last, it));
        match above {
            Some(above) => chain.push(above.clone()),
            None => break,
        }
    }
    chain
}
